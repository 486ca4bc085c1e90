import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../../base/clock.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
import { FileStore } from '../../../member/files/file-store.ts'
import { IncomingFiles, type ShownFile } from '../../../member/files/incoming-files.ts'
import { OWN_ID, startLyingPlatform } from '../../fixtures/lying-platform.ts'
import { type NetworkAnswer, silence } from '../../fixtures/simulated-client.ts'
import { endless, file, MESSAGE, own, simulateFetching, slow } from '../../fixtures/simulated-fetching.ts'

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

const HERE = { path: expect.any(String) }
const COMING = { error: expect.stringMatching(/^still being fetched, .* so far: inbox/), isComing: true }

describe('a message that waits for its files', () => {
  test('goes out after 20 s without those that have not come, and one that stands still costs no other', () => {
    const stuck = own()
    const { prepare, run } = simulateFetching((url, signal) =>
      url.includes(stuck.slice(-36)) ? endless(url, signal) : new Response('content'),
    )
    const files = prepare(file(own()), file(stuck), file(own()))
    run(19_999)
    expect(files.state).toBe('pending')
    run(1)
    expect(files.state).toMatchObject([HERE, COMING, HERE])
  })

  test('waits 2 s after one of whose files not one byte came, and 20 s again once bytes come', () => {
    let answer: NetworkAnswer = silence
    const { prepare, run, clock } = simulateFetching((url, signal) => answer(url, signal))
    const waits = (next: NetworkAnswer): number => {
      answer = next
      const files = prepare(file(own()))
      for (let second = 0; second <= 20; second++) {
        if (files.state !== 'pending') return second
        run(1_000)
      }
      return Number.NaN
    }
    const minute = slow(() => clock, 60)
    expect([silence, silence, minute, minute].map(waits)).toEqual([20, 2, 2, 20])
  })

  test('waits up to 20 s, but together with others no longer than 40 s and a third of the time, though bytes come', () => {
    const { prepare, run, clock } = simulateFetching((url, signal) => slow(() => clock, 30)(url, signal))
    const waits = Array.from({ length: 20 }, () => {
      const begunAt = clock.now()
      const files = prepare(file(own()))
      while (files.state === 'pending') run(100)
      const waitedMs = clock.now() - begunAt
      run(1_000)
      return waitedMs
    })
    expect(waits[0]).toBe(20_000)
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(75_000)
    expect(waits.at(-1)).toBeLessThan(1_000)
  })

  test('is not kept waiting by a file that was tried three times in vain', () => {
    const { prepare, run } = simulateFetching(() => new Response('no', { status: 503 }))
    const files = prepare(file(own()))
    run(5_000)
    expect(files.state).toMatchObject([
      {
        error: expect.stringMatching(/503.*\. It is tried again; inbox with this activity_id waits for it$/),
      },
    ])
  })

  test('ends at once when the session ends', () => {
    const { prepare, run, stop, timers } = simulateFetching(silence)
    const files = prepare(file(own()), file(own()))
    run(0)
    stop.abort()
    run(0)
    expect(files.state).toMatchObject([{}, {}])
    expect(timers()).toBe(0)
  })
})
