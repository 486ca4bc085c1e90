import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { settled } from '../../../lab/simulation/sim-clock.ts'
import { hostInput, MAX_MESSAGE_BYTES } from '../../../plugin/host/host-input.ts'

/** What becomes of bytes of the host: passed on, answered, logged. */
async function write(...chunks: readonly (string | Uint8Array)[]) {
  const answers: unknown[] = []
  const log: string[] = []
  const passed: unknown[] = []
  const input = hostInput({
    answer: (line) => answers.push(JSON.parse(line)),
    log: (sentence) => log.push(sentence),
  })
  input.on('data', (line: Buffer) => {
    for (const one of line.toString().trimEnd().split('\n')) passed.push(JSON.parse(one))
  })
  for (const chunk of chunks) input.write(Buffer.from(chunk as string))
  await settled()
  return { answers, log, passed }
}

const request = (id: number | string, params: object = {}) =>
  ({ jsonrpc: '2.0', id, method: 'tools/call', params }) as const
const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`
const refused = (id: number | string | null, message: string) => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32600, message: expect.stringContaining(message) },
})

describe('what the host writes', () => {
  test('is passed on message by message, wherever the bytes are cut', async () => {
    const message = fc.record({ text: fc.string({ unit: 'binary' }) }).map((params) => request(1, params))
    await fc.assert(
      fc.asyncProperty(fc.array(message), fc.array(fc.nat(400)), async (messages, cuts) => {
        const bytes = Buffer.from(messages.map(lineOf).join(''))
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        const { passed, answers, log } = await write(...chunks)
        expect([passed, answers, log]).toEqual([JSON.parse(JSON.stringify(messages)), [], []])
      }),
      { numRuns: 20 },
    )
  })

  test('may begin with a byte order mark, end lines as Windows does, and leave lines empty', async () => {
    const { passed, log } = await write(
      `\uFEFF${lineOf(request(1))}\r\n\n`,
      `${JSON.stringify(request(2))}\r\n`,
    )
    expect([passed, log]).toEqual([[request(1), request(2)], []])
  })

  test('is passed on one by one if it is a batch, and what is no message in it is refused', async () => {
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' }
    const { passed, answers } = await write(lineOf([request(1), note, 7, request('b')]))
    expect(passed).toEqual([request(1), note, request('b')])
    expect(answers).toEqual([refused(null, 'not a JSON-RPC 2.0 request')])
  })

  test.each([
    ['empty', [], 'the batch is empty'],
    ['too long', Array.from({ length: 101 }, (_, id) => request(id)), 'more than 100 messages'],
  ])('is refused as a batch that is %s', async (_, batch, why) => {
    const { passed, answers } = await write(lineOf(batch), lineOf(request(5)))
    expect([passed, answers]).toEqual([[request(5)], [refused(null, why)]])
  })

  test('is refused under its id if it is no request, and only logged if it wants no answer', async () => {
    const { passed, answers, log } = await write(
      lineOf({ ...request(1), extra: true }),
      lineOf({ jsonrpc: '1.0', id: 'x', method: 'tools/list' }),
      lineOf({ jsonrpc: '2.0', id: 3, method: 'tools/list', params: null }),
      lineOf({ jsonrpc: '2.0', id: 4, result: 'no object' }),
      'not JSON\n',
    )
    expect(passed).toEqual([{ jsonrpc: '2.0', id: 3, method: 'tools/list' }])
    expect(answers).toEqual([1, 'x'].map((id) => refused(id, 'not a JSON-RPC 2.0 request')))
    expect(log).toHaveLength(4)
  })
})

describe('a message that is too large', () => {
  const params = { name: 'inbox', id: 99, text: 'x'.repeat(MAX_MESSAGE_BYTES) }

  test.each([
    [
      'before its parameters',
      `{"id":7,"jsonrpc":"2.0","method":"tools/call","params":${JSON.stringify(params)}}`,
      7,
    ],
    [
      'after them',
      `{"method":"tools/call","params":${JSON.stringify(params)},"jsonrpc":"2.0","id":"a\\"b"}`,
      'a"b',
    ],
  ])('is refused under its id, which may stand %s, and the next one is passed on', async (_, line, id) => {
    const { passed, answers, log } = await write(
      line.slice(0, 5_000),
      line.slice(5_000),
      '\n',
      lineOf(request(8)),
    )
    expect([passed, answers]).toEqual([[request(8)], [refused(id, 'too large: 10 MB of at most 10')]])
    expect(log).toHaveLength(1)
  })

  test('is only logged without an id of its own, whatever its parameters hold', async () => {
    for (const id of [{}, { id: 5 }]) {
      const nested = { x: params.text, ...id }
      const { answers, log } = await write(
        lineOf({ jsonrpc: '2.0', method: 'notifications/x', params: nested }),
      )
      expect([answers, log.length]).toEqual([[], 1])
    }
  })

  test('costs no more memory than the limit, however long it is', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const { passed, log } = await write(...Array.from({ length: 64 }, () => chunk), '\n', lineOf(request(1)))
    expect([passed, log.length]).toEqual([[request(1)], 1])
  })
})
