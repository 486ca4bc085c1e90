/** Forms as they arrive: in chunks of any size, from anybody. */
import { expect, test } from 'bun:test'
import { formPieces, MalformedForm } from '../../platform/base/multipart.ts'

type Field = readonly [name: string, file: string | undefined, type: string | undefined, content: string]

async function* inChunks(bytes: Uint8Array, size: () => number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; ) {
    const length = size()
    yield bytes.subarray(at, at + length)
    at += length
  }
}

async function read(body: AsyncIterable<Uint8Array>, contentType: string): Promise<readonly Field[]> {
  const fields: [string, string | undefined, string | undefined, string][] = []
  for await (const piece of formPieces(body, contentType)) {
    const last = fields.at(-1)
    if (piece.kind === 'field') fields.push([piece.name, piece.file?.name, piece.file?.type, ''])
    else if (last !== undefined) last[3] += Buffer.from(piece.bytes).toString('latin1')
  }
  return fields
}

/** Pieces of content that look like the ends of a field. */
const TRICKY = ['\r\n', '\r\n--', '\r\n--b', '\r', '--', '-', '\n--bound', 'text', '\r\n\r\n', '\0', 'ü']

const pick = <T>(from: readonly T[], number: number): T | undefined => from[number % from.length]

test('a form has the fields that Bun’s parser finds in the whole of it, wherever its chunks end', async () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let round = 0; round < 150; round++) {
    const form = new FormData()
    for (let field = random(4); field >= 0; field--) {
      const content = Array.from({ length: random(12) }, () => pick(TRICKY, random(100)))
      const name = pick(['files', 'other', 'fi"les', 'ü'], random(100)) ?? ''
      if (random(4) === 0) form.append(name, content.join(''))
      else
        form.append(name, new File(content.map(String), pick(['a.png', 'ü b.txt', 'x"y'], random(9)) ?? ''))
    }
    const whole = new Response(form)
    const contentType = whole.headers.get('Content-Type') ?? ''
    const bytes = await whole.bytes()
    const expected: Field[] = []
    for (const [name, value] of await new Response(bytes, { headers: whole.headers }).formData()) {
      if (typeof value === 'string') expected.push([name, undefined, undefined, latin1(Buffer.from(value))])
      else expected.push([name, value.name, value.type, latin1(Buffer.from(await value.arrayBuffer()))])
    }
    const longest = pick([1, 2, 7, 60, 1000], round) ?? 1
    expect(
      await read(
        inChunks(bytes, () => 1 + random(longest)),
        contentType,
      ),
    ).toEqual(expected)
  }
})

const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

const HEAD = 'Content-Disposition: form-data; name="files"; filename="a"'

test.each([
  ['is empty', ''],
  ['has another boundary', `--c\r\n${HEAD}\r\n\r\nx\r\n--c--\r\n`],
  ['breaks off in its headers', `--b\r\n${HEAD}`],
  ['breaks off in a file', `--b\r\n${HEAD}\r\n\r\nx`],
  ['breaks off behind a file', `--b\r\n${HEAD}\r\n\r\nx\r\n--b`],
  ['goes on in the line of the boundary', `--b\r\n${HEAD}\r\n\r\nx\r\n--bc\r\n--b--\r\n`],
  ['has very long headers', `--b\r\n${HEAD}\r\nX: ${'x'.repeat(20_000)}\r\n\r\nx\r\n--b--\r\n`],
  ['has very many fields', `${`--b\r\n${HEAD}\r\n\r\nx\r\n`.repeat(1_001)}--b--\r\n`],
])('a form is refused when it %s', async (_, text) => {
  const form = read(
    inChunks(Buffer.from(text), () => 1_000),
    'multipart/form-data; boundary=b',
  )
  await expect(form).rejects.toBeInstanceOf(MalformedForm)
})

test('the boundary may be quoted, and stand behind other parameters; without one nothing is read', async () => {
  const ask = (type: string) =>
    read(
      inChunks(Buffer.from(`--b c\r\n${HEAD}\r\n\r\nx\r\n--b c--`), () => 9),
      type,
    )
  expect(await ask('multipart/form-data; charset=utf-8; boundary="b c"')).toEqual([
    ['files', 'a', expect.anything(), 'x'],
  ])
  for (const type of ['', 'text/plain', 'multipart/form-data', 'multipart/form-data; xboundary=b c']) {
    await expect(ask(type)).rejects.toBeInstanceOf(MalformedForm)
  }
})
