import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { settled } from '../../../lab/simulation/sim-clock.ts'
import { fileForm, type OutgoingFile } from '../../../member/client/multipart.ts'
import { acknowledgePending, openPending, parsePending, uploadFile } from '../../../member/client/uploads.ts'
import { OWN_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const FILE_ID = 'c0ffee00-0000-4000-8000-000000000001'
const signal = (): AbortSignal => new AbortController().signal

function outgoing(content: Uint8Array | string, more: Partial<OutgoingFile> = {}): OutgoingFile {
  const bytes = Buffer.from(content)
  return {
    name: 'a.txt',
    mimeType: 'text/plain',
    size: bytes.byteLength,
    async *read() {
      for (let at = 0; at < bytes.byteLength; at += 3) yield bytes.subarray(at, at + 3)
    },
    ...more,
  }
}

describe('the address of a pending file', () => {
  test('names its workspace and its file, in lower case', () => {
    expect(parsePending(`platform-pending:${OWN_ID.toUpperCase()}/${FILE_ID}`)).toEqual({
      workspaceId: OWN_ID,
      fileId: FILE_ID,
    })
  })

  test.each([
    '',
    `platform-pending:${OWN_ID}`,
    `platform-pending:${OWN_ID}/`,
    `platform-pending:${OWN_ID}/${FILE_ID}/x`,
    `platform-pending:${OWN_ID}/../${FILE_ID}`,
    `platform-pending:${OWN_ID}/..%2f..%2fadmin`,
    `platform-pending://${OWN_ID}/${FILE_ID}`,
    `platform-pending:${OWN_ID}/${FILE_ID}?x`,
    ` platform-pending:${OWN_ID}/${FILE_ID}`,
    `https://example.com/platform-pending:${OWN_ID}/${FILE_ID}`,
  ])('is not %j', (uri) => {
    expect(parsePending(uri)).toBeUndefined()
  })
})

describe('the content of a pending file', () => {
  test("is requested from the workspace's own platform, with its token, and comes as a stream", async () => {
    await using platform = startLyingPlatform(
      () => new Response('content', { headers: { 'Content-Type': 'Text/Plain; charset=x' } }),
    )
    const { body, length, mimeType } = await openPending(platform.client, FILE_ID, signal())
    expect([length, mimeType]).toEqual([7, 'text/plain'])
    expect(await new Response(body).text()).toBe('content')
    const [request] = platform.seen
    expect(request?.path).toBe(`/workspaces/${OWN_ID}/pending-uploads/${FILE_ID}/content`)
    expect(request?.headers.get('Authorization')).toStartWith('Bearer ')
    expect(request?.headers.get('Accept-Encoding')).toBe('identity')
  })

  test('has no known length when it was compressed', async () => {
    await using platform = startLyingPlatform(() => {
      const packed = Bun.gzipSync(Buffer.from('content'))
      return new Response(packed, { headers: { 'Content-Encoding': 'gzip' } })
    })
    const { body, length } = await openPending(platform.client, FILE_ID, signal())
    expect(length).toBeUndefined()
    expect(await new Response(body).text()).toBe('content')
  })

  test('is never requested under a broken id, which is refused before any request', async () => {
    await using platform = startLyingPlatform(() => new Response('x'))
    for (const id of ['../../admin', '', `${FILE_ID}/..`]) {
      expect(await rejection(openPending(platform.client, id, signal()))).toMatchObject({ kind: 'refused' })
      expect(await rejection(acknowledgePending(platform.client, id, signal()))).toMatchObject({
        kind: 'refused',
      })
    }
    expect(platform.seen).toEqual([])
  })

  test('is not fetched through a redirect, which would carry the token along', async () => {
    await using elsewhere = startLyingPlatform(() => new Response('x'))
    await using platform = startLyingPlatform(() => Response.redirect(elsewhere.url, 302))
    expect(await rejection(openPending(platform.client, FILE_ID, signal()))).toMatchObject({ status: 302 })
    expect(elsewhere.seen).toEqual([])
  })

  test.each([
    [404, 'refused'],
    [503, 'retry'],
    [401, 'gone'],
  ] as const)('fails on an answer of %i with an error of kind %s', async (status, kind) => {
    await using platform = startLyingPlatform(() => Response.json({ error: 'no' }, { status }))
    expect(await rejection(openPending(platform.client, FILE_ID, signal()))).toMatchObject({ kind, status })
  })
})

describe('a form with a file', () => {
  test('is read back as it was put in, with the announced length', async () => {
    const anyName = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a"b', 'a\r\nX: y', '--', 'é.txt', '"; filename="b'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
        anyName,
        anyName,
        async (bytes, name, mimeType) => {
          const { contentType, length, open } = fileForm('files', outgoing(bytes, { name, mimeType }))
          const body = await new Response(open(() => {})).bytes()
          expect(body.byteLength).toBe(length)
          const form = await new Response(body, { headers: { 'Content-Type': contentType } }).formData()
          expect([...form.keys()]).toEqual(['files'])
          const file = form.get('files')
          if (!(file instanceof Blob)) throw new Error('no file in the form')
          expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBeTrue()
        },
      ),
    )
  })

  test.each(['売上報告.xlsx', 'Q3 (final) é.md', 'تقرير.txt', "it's 100 %.txt"])(
    'carries the name %j as it is',
    async (name) => {
      const { contentType, open } = fileForm('files', outgoing('x', { name }))
      const body = await new Response(open(() => {})).bytes()
      const form = await new Response(body, { headers: { 'Content-Type': contentType } }).formData()
      expect(Reflect.get(Object(form.get('files')), 'name')).toBe(name)
    },
  )

  test('reads no more of the file than the receiver accepts, and stops when the receiver does', async () => {
    let read = 0
    let stopped = false
    const file = outgoing('', {
      size: 1_000_000,
      async *read() {
        try {
          for (; read < 1_000; ) {
            read++
            yield new Uint8Array(1_000)
          }
        } finally {
          stopped = true
        }
      },
    })
    const reader = fileForm('files', file)
      .open(() => {})
      .getReader()
    // The head of the form, and two parts of the file.
    for (let parts = 0; parts < 3; parts++) await reader.read()
    await settled()
    expect([read, stopped]).toEqual([2, false])
    await reader.cancel()
    expect([read, stopped]).toEqual([2, true])
  })
})

describe('an upload', () => {
  const kept = { uri: `platform-pending:${OWN_ID}/${FILE_ID}`, name: 'a.txt', mimeType: '', size: 5 }

  test('is one request with a length, and returns the address with the name to show', async () => {
    await using platform = startLyingPlatform(() => Response.json({ files: [kept] }))
    const file = outgoing('12345', { name: 'Übersicht "1".txt' })
    expect(await uploadFile(platform.client, file)).toEqual({
      uri: kept.uri,
      name: 'Übersicht "1".txt',
      mimeType: 'text/plain',
      size: 5,
    })
    const [request] = platform.seen
    expect([request?.method, request?.path]).toEqual(['POST', `/workspaces/${OWN_ID}/chat/uploads`])
    expect(request?.headers.get('Content-Length')).toBe(String(Buffer.byteLength(request?.body ?? '')))
    expect(request?.body).toContain('filename="Übersicht _1_.txt"')
  })

  test.each([
    ['nothing', {}],
    ['no file', { files: [] }],
    ['two files', { files: [kept, kept] }],
    ['a file without an address', { files: [{ size: 5 }] }],
    ['a part of the file', { files: [{ ...kept, size: 4 }] }],
  ])('for which the platform says it kept %s has failed, and is not made again', async (_what, answer) => {
    await using platform = startLyingPlatform(() => Response.json(answer))
    expect(await rejection(uploadFile(platform.client, outgoing('12345')))).toMatchObject({ kind: 'retry' })
    expect(platform.seen).toHaveLength(1)
  })

  test('fails when the file cannot be read to its end', async () => {
    await using platform = startLyingPlatform(() => Response.json({ files: [kept] }))
    const file = outgoing('12345', {
      async *read() {
        yield Buffer.from('12')
        throw new Error('it became shorter')
      },
    })
    expect(await rejection(uploadFile(platform.client, file))).toBeInstanceOf(Error)
  })

  test('ends when the caller gives up', async () => {
    await using platform = startLyingPlatform(() => new Promise(() => {}))
    const controller = new AbortController()
    const upload = rejection(uploadFile(platform.client, outgoing('12345'), controller.signal))
    controller.abort(new Error('given up'))
    expect(String(await upload)).toContain('given up')
  })
})
