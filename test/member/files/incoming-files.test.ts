import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../../base/clock.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
import { FileStore, type FileToStore, type StoredFile } from '../../../member/files/file-store.ts'
import { IncomingFiles, type ShownFile } from '../../../member/files/incoming-files.ts'
import { OWN_ID, startLyingPlatform } from '../../fixtures/lying-platform.ts'
import { type NetworkAnswer, observe, silence, simulateClient } from '../../fixtures/simulated-client.ts'

const file = (uri: string, more: Partial<Attachment> = {}): Attachment => ({
  uri,
  name: 'a.txt',
  mimeType: 'text/plain',
  size: null,
  ...more,
})
const MESSAGE = { workspaceId: OWN_ID, activityId: crypto.randomUUID() }
const own = (id: string = crypto.randomUUID()): string => `platform-pending:${OWN_ID}/${id}`

/** A platform, a folder, and what fetches from the one into the other. */
function startFetching(answer: Parameters<typeof startLyingPlatform>[0]) {
  const folder = temporaryFolder()
  const platform = startLyingPlatform(answer)
  const stop = new AbortController()
  const files = new IncomingFiles({
    clock: systemClock,
    store: new FileStore(folder.path, 1_000, 10_000, systemClock),
    client: (workspaceId) => (workspaceId === OWN_ID ? platform.client : undefined),
    signal: stop.signal,
    log: () => {},
  })
  return {
    platform,
    stop,
    prepare: async (...list: readonly Attachment[]): Promise<readonly ShownFile[]> =>
      files.prepare(MESSAGE, list),
    prepareNow: (...list: readonly Attachment[]) => files.prepare(MESSAGE, list),
    asked: (ending: string) => platform.seen.filter(({ path }) => path.endsWith(ending)).length,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await platform[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

const never = () => new Promise<Response>(() => {})

describe('fetching', () => {
  test('delays nothing when there is nothing to fetch', async () => {
    await using scene = startFetching(never)
    expect(scene.prepareNow(file('https://example.com/a'), file('x:'))).toBeInstanceOf(Array)
    expect(scene.prepareNow()).toEqual([])
    expect(scene.platform.seen).toEqual([])
  })

  test('is acknowledged, again for a file that is already stored, and a refusal of that changes nothing', async () => {
    await using scene = startFetching(({ path }) =>
      path.endsWith('/ack')
        ? Response.json({ error: 'not found' }, { status: 404 })
        : new Response('content'),
    )
    const one = file(own())
    const [first] = await scene.prepare(one)
    const [again] = await scene.prepare(one)
    expect(again).toEqual(first)
    expect(first).toMatchObject({ path: expect.any(String) })
    expect(first).not.toHaveProperty('error')
    expect(scene.asked('/content')).toBe(1)
    await until('both acknowledgements', () => scene.asked('/ack') === 2)
  })

  test('is not acknowledged when the file did not arrive whole', async () => {
    await using scene = startFetching(() => new Response('content'))
    const [shown] = await scene.prepare(file(own(), { size: 8 }))
    expect(shown?.error).toBe('not fetched: it has 7 bytes instead of 8')
    expect(scene.asked('/ack')).toBe(0)
  })

  test('is tried three times when the platform is in trouble, and once when it refuses', async () => {
    for (const [status, times] of [
      [503, 3],
      [401, 3],
      [404, 1],
    ] as const) {
      const { prepare, asked, run } = simulateFetching(() => new Response('no', { status }))
      const files = prepare(file(own()))
      run(19_000)
      expect(files.state).toMatchObject([{ error: expect.stringContaining('not fetched') }])
      expect([status, asked.length]).toEqual([status, times])
    }
  })

  test('shows an image only if the content is one, whatever type was declared', async () => {
    const PNG = '\x89PNG\r\n\x1a\nrest'
    await using scene = startFetching(({ path }) =>
      path.includes('/0') ? new Response(Buffer.from(PNG, 'latin1')) : new Response('text'),
    )
    const id = (first: string): string => first + crypto.randomUUID().slice(1)
    const [image, fake, drawing] = await scene.prepare(
      file(own(id('0')), { mimeType: 'text/plain' }),
      file(own(id('1')), { mimeType: 'image/png' }),
      file(own(id('1')), { mimeType: 'image/svg+xml' }),
    )
    expect(image).toMatchObject({ kind: 'image', mimeType: 'image/png' })
    expect(fake).toMatchObject({
      kind: 'file',
      mimeType: 'application/octet-stream',
      error: 'not of the declared type (image/png): do not open it as such',
    })
    expect(drawing).toMatchObject({ kind: 'file', mimeType: 'image/svg+xml' })
  })

  test('detects a web page in place of a file', async () => {
    const html = { headers: { 'Content-Type': 'text/html' } }
    await using scene = startFetching(() => new Response('<!doctype html>', html))
    expect((await scene.prepare(file(own())))[0]?.error).toBe('not fetched: it came as a web page')
    expect((await scene.prepare(file(own(), { mimeType: 'text/html' })))[0]).toHaveProperty('path')
  })
})

/** Keeps files in memory, so that fetching waits for the simulated network alone. */
class MemoryStore {
  readonly #files = new Map<string, StoredFile>()

  find(_workspaceId: string, fileId: string): Promise<StoredFile | undefined> {
    return Promise.resolve(this.#files.get(fileId))
  }

  async keep({ fileId }: FileToStore, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    await Array.fromAsync(content)
    const file = { path: `/inbox/${fileId}`, kind: undefined }
    this.#files.set(fileId, file)
    return file
  }
}

function simulateFetching(answer: NetworkAnswer) {
  const stop = new AbortController()
  const world = simulateClient((url, signal) =>
    url.endsWith('/ack') ? Response.json({}) : answer(url, signal),
  )
  const files = new IncomingFiles({
    store: new MemoryStore(),
    client: () => world.client,
    signal: stop.signal,
    log: () => {},
    clock: world.clock,
  })
  const prepare = (...list: readonly Attachment[]) => observe(Promise.resolve(files.prepare(MESSAGE, list)))
  return { ...world, stop, prepare }
}

/** A body whose end never comes, until its request is aborted. */
const endless: NetworkAnswer = (_url, signal) =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from('x'))
        signal.addEventListener('abort', () => controller.error(signal.reason), { once: true })
      },
    }),
  )

const LATE = { error: 'not fetched: it did not arrive in time' }

describe('the time for the files of a message', () => {
  test('ends after 20 s even when a body never ends, and earlier files keep what they have', () => {
    const stuck = own()
    const { prepare, run } = simulateFetching((url, signal) =>
      url.includes(stuck.slice(-36)) ? endless(url, signal) : new Response('content'),
    )
    const files = prepare(file(own()), file(stuck), file(own()))
    run(19_999)
    expect(files.state).toBe('pending')
    run(1)
    expect(files.state).toMatchObject([{ path: expect.any(String) }, LATE, LATE])
  })

  test('is 2 s after a message whose files were late, until files arrive in time again', () => {
    let delayMs = Number.POSITIVE_INFINITY
    const { prepare, run, clock } = simulateFetching((url, signal) =>
      delayMs === Number.POSITIVE_INFINITY
        ? silence(url, signal)
        : new Promise((resolve) => clock.after(delayMs, () => resolve(new Response('x')))),
    )
    const arrives = (ms: number): boolean => {
      delayMs = ms
      const files = prepare(file(own()))
      run(20_000)
      return JSON.stringify(files.state).includes('"path"')
    }
    expect([arrives(Number.POSITIVE_INFINITY), arrives(3_000), arrives(0), arrives(3_000)]).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  test('ends at once when the session ends', () => {
    const { prepare, run, stop, timers } = simulateFetching(silence)
    const files = prepare(file(own()), file(own()))
    run(0)
    stop.abort()
    run(0)
    expect(files.state).toMatchObject([LATE, LATE])
    expect(timers()).toBe(0)
  })
})
