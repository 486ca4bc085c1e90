import { describe, expect, test } from 'bun:test'
import { readOutcome, sendMessage } from '../../../member/client/a2a.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import type { PeerAnswer } from '../../../member/client/peer-answer.ts'
import { OWN_ID, PEER_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const MESSAGE = { messageId: '5e000000-0000-4000-8000-000000000001', text: 'hello' }
const rpc = (result: unknown) => ({ jsonrpc: '2.0', id: 'rpc-1', result })
const part = (text: string) => ({ kind: 'text', text })

function answerOf(body: unknown): PeerAnswer {
  const outcome = readOutcome(200, body)
  if (outcome.kind !== 'answered') throw new Error(`the outcome is ${outcome.kind}`)
  return outcome.answer
}

describe('the request', () => {
  test('is one message/send with its id and the context it answers', async () => {
    await using platform = startLyingPlatform(() => Response.json({ status: 'queued' }))
    await sendMessage(platform.client, PEER_ID, { ...MESSAGE, contextId: 'c-1', delegationId: 'd-1' }, 1_000)
    await sendMessage(platform.client, PEER_ID, { ...MESSAGE, contextId: null, delegationId: null }, 1_000)
    const [first, second] = platform.seen
    expect([first?.method, first?.path]).toEqual(['POST', `/workspaces/${PEER_ID}/a2a`])
    expect(first?.headers.get('x-workspace-id')).toBe(OWN_ID)
    expect(JSON.parse(first?.body ?? '')).toEqual({
      jsonrpc: '2.0',
      id: MESSAGE.messageId,
      method: 'message/send',
      params: {
        message: {
          role: 'user',
          messageId: MESSAGE.messageId,
          parts: [part('hello')],
          contextId: 'c-1',
          metadata: { delegation_id: 'd-1' },
        },
      },
    })
    expect(Object.keys(JSON.parse(second?.body ?? '').params.message)).toEqual(['role', 'messageId', 'parts'])
  })

  test('is not made when the id of the peer is a path', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    for (const id of ['', '../x', `${PEER_ID}/../../admin`]) {
      expect(await rejection(sendMessage(platform.client, id, MESSAGE, 1_000))).toMatchObject({
        kind: 'refused',
      })
    }
    expect(platform.seen).toHaveLength(0)
  })
})

describe('the answer of the platform', () => {
  test('is not an answer when it says "queued", in any of the shapes', () => {
    const shapes: readonly (readonly [number, unknown])[] = [
      [200, { status: 'queued', delivery_mode: 'poll', method: 'message/send' }],
      [200, { status: 'queued', queued: true, queue_id: 'q', queue_depth: 1 }],
      [200, { queued: true }],
      [200, { status: 'queued', delivery_mode: 'push-async' }],
      [202, { queued: true, queue_id: 'q', message: 'busy' }],
      [202, {}],
      [200, { status: 'queued', result: { parts: [part('not yet')] } }],
    ]
    for (const [status, body] of shapes) {
      expect(readOutcome(status, body).kind).toBe('queued')
    }
  })

  test('is an answer when it holds a message, a task or plain text', () => {
    const answers: readonly (readonly [unknown, string])[] = [
      [rpc({ kind: 'message', parts: [part('a'), { type: 'text', text: 'b' }] }), 'ab'],
      [rpc({ kind: 'task', status: { state: 'completed', message: { parts: [part('done')] } } }), 'done'],
      [rpc({ artifacts: [null, { parts: [part('file')] }, {}], status: { state: 'completed' } }), 'file'],
      [rpc('just text'), 'just text'],
      [{ parts: [part('bare')] }, 'bare'],
      ['text', 'text'],
    ]
    for (const [body, text] of answers) expect(answerOf(body).text).toBe(text)
  })

  test('is shown as JSON, cut, when its shape is unknown', () => {
    expect(answerOf(rpc({ answer: 42 })).text).toBe('{"answer":42}')
    const { kind, ...rest } = readOutcome(200, rpc({ answer: 'x'.repeat(100_000) }))
    expect([kind, JSON.stringify(rest).length < 30_000]).toEqual(['answered', true])
    for (const body of [null, 7, [], [[]], {}]) expect(readOutcome(200, body).kind).toBe('answered')
    const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
    expect(readOutcome(200, rpc(deep)).kind).toBe('answered')
  })

  test('is a failure in the words of the peer when it holds an error', () => {
    const error = (value: unknown) => readOutcome(200, { jsonrpc: '2.0', id: 'rpc-1', error: value })
    expect(error({ code: -32000, message: 'no such skill' })).toEqual({
      kind: 'failed',
      message: 'no such skill',
      code: -32000,
    })
    expect(error('plain')).toEqual({ kind: 'failed', message: 'plain', code: null })
    expect(error({ code: 1 })).toEqual({ kind: 'failed', message: '{"code":1}', code: null })
    expect(answerOf({ ...rpc('fine'), error: null }).text).toBe('fine')
  })
})

describe('a message is sent again', () => {
  test('under the same id when it surely did not arrive', async () => {
    const passing: readonly (() => Response)[] = [
      () => Response.json({ restarting: true }, { status: 503 }),
      () => Response.json({ error: 'failed to reach workspace agent' }, { status: 502 }),
      () => Response.json({ error: 'rate limit exceeded' }, { status: 429, headers: { 'Retry-After': '0' } }),
    ]
    for (const failure of passing) {
      await using platform = startLyingPlatform((_, index) =>
        index < 2 ? failure() : Response.json({ status: 'queued' }),
      )
      expect((await sendMessage(platform.client, PEER_ID, MESSAGE, 1_000)).kind).toBe('queued')
      expect(platform.seen).toHaveLength(3)
      expect(new Set(platform.seen.map(({ body }) => body)).size).toBe(1)
    }
  })

  test('never when the peer may have it, which has an outcome of its own', async () => {
    const unsure: readonly (() => Response | Promise<Response>)[] = [
      () => Response.json({ busy: true, retry_after: 30 }, { status: 503 }),
      () => Response.json({ error: 'lost', delivery_confirmed: true }, { status: 502 }),
      () => Response.json({ error: 'lost', delivery_confirmed: false }, { status: 502 }),
      () => new Response('{"result": {"par'),
      () => new Response('x'.repeat(17_000_000)),
      // Cut off, so it may have said that the peer is busy.
      () => new Response('x'.repeat(17_000_000), { status: 503 }),
      () => new Promise(() => {}),
    ]
    for (const answer of unsure) {
      await using platform = startLyingPlatform(answer)
      const outcome = await sendMessage(platform.client, PEER_ID, MESSAGE, 100)
      expect(outcome.kind).toBe('unsure')
      expect(platform.seen).toHaveLength(1)
    }
  })

  test('never when it was refused, which is an error', async () => {
    for (const status of [400, 401, 402, 403, 404, 410, 413]) {
      await using platform = startLyingPlatform(() => Response.json({ error: 'no' }, { status }))
      const error = await rejection(sendMessage(platform.client, PEER_ID, MESSAGE, 1_000))
      expect(error instanceof PlatformError && error.status).toBe(status)
      expect(platform.seen).toHaveLength(1)
    }
  })
})
