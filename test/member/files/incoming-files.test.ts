import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
import { Attachments } from '../../../member/files/attachments.ts'
import {
  IncomingFiles,
  MAX_FETCHED,
  planFiles,
  type ShownFile,
} from '../../../member/files/incoming-files.ts'
import { OWN_ID, PEER_ID, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const file = (uri: string, more: Partial<Attachment> = {}): Attachment => ({
  uri,
  name: 'a.txt',
  mimeType: 'text/plain',
  size: null,
  ...more,
})
const own = (id: string = crypto.randomUUID()): string => `platform-pending:${OWN_ID}/${id}`

describe('what becomes of a file', () => {
  test('is decided by its address alone: only files kept for this workspace are fetched', () => {
    const plan = (uri: string) => planFiles([file(uri)], OWN_ID)[0]
    const id = crypto.randomUUID()
    expect(plan(own(id))).toEqual({ fetch: id })
    expect(plan(`platform-pending:${PEER_ID}/${id}`)).toHaveProperty('error')
    expect(plan('https://example.com/a.png')).toEqual({ uri: 'https://example.com/a.png' })
    expect(plan(`https://example.com/${'x'.repeat(2_000)}`)).toHaveProperty('error')
    for (const uri of [
      '',
      'a.png',
      'file:///etc/passwd',
      'data:text/plain,x',
      'workspace:/workspace/a',
      'javascript:x',
    ]) {
      expect(plan(uri)).toHaveProperty('error')
    }
  })

  test('beyond the first ten is not to be fetched', () => {
    const plans = planFiles(
      Array.from({ length: 15 }, () => file(own())),
      OWN_ID,
    )
    expect(plans.map((plan) => 'fetch' in plan)).toEqual(
      Array.from({ length: 15 }, (_, index) => index < MAX_FETCHED),
    )
  })

  test('whatever its address says, is no fetch with anything but an id of a file, and no address with a space', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.string().map((text) => own(text)),
        ),
        (uri) => {
          const [plan] = planFiles([file(uri)], OWN_ID)
          if (plan === undefined) throw new Error('no plan')
          if ('fetch' in plan) expect(plan.fetch).toMatch(/^[0-9a-f-]{36}$/)
          if ('uri' in plan) expect(plan.uri).toMatch(/^https?:[^\s<>"]+$/)
        },
      ),
    )
  })
})

/** A platform, a folder, and what fetches from the one into the other. */
function startFetching(answer: Parameters<typeof startLyingPlatform>[0], patienceMs = 5_000) {
  const folder = temporaryFolder()
  const platform = startLyingPlatform(answer)
  const stop = new AbortController()
  const files = new IncomingFiles({
    store: new Attachments(folder.path, 1_000, 10_000),
    client: (workspaceId) => (workspaceId === OWN_ID ? platform.client : undefined),
    signal: stop.signal,
    log: () => {},
    patienceMs,
  })
  return {
    platform,
    stop,
    prepare: async (...list: readonly Attachment[]): Promise<readonly ShownFile[]> =>
      files.prepare(OWN_ID, list),
    prepareNow: (...list: readonly Attachment[]) => files.prepare(OWN_ID, list),
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
  test('is not waited for when there is nothing to fetch', async () => {
    await using scene = startFetching(never)
    expect(scene.prepareNow(file('https://example.com/a'), file('x:'))).toBeInstanceOf(Array)
    expect(scene.prepareNow()).toEqual([])
    expect(scene.platform.seen).toEqual([])
  })

  test('is acknowledged, again where the file was here before; a refusal of that changes nothing', async () => {
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

  test('is not acknowledged for a file that did not arrive', async () => {
    await using scene = startFetching(() => new Response('content'))
    const [shown] = await scene.prepare(file(own(), { size: 8 }))
    expect(shown?.error).toBe('not fetched: it has 7 bytes instead of 8')
    expect(scene.asked('/ack')).toBe(0)
  })

  test('of a file whose body never ends is given up in time, and its neighbours keep what they have', async () => {
    const stuck = own()
    await using scene = startFetching(({ path }) => {
      if (!path.includes(stuck.slice(-36))) return new Response('content')
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('x')) }))
    }, 300)
    const shown = await scene.prepare(file(own()), file(stuck), file(own()))
    expect(shown[0]).toHaveProperty('path')
    for (const late of shown.slice(1)) expect(late.error).toBe('not fetched: it did not come in time')
  })

  test('is given less time after it was in vain, until it works again', async () => {
    let delayMs = Number.POSITIVE_INFINITY
    await using scene = startFetching(async ({ path }) => {
      if (path.endsWith('/ack')) return Response.json({})
      return delayMs === Number.POSITIVE_INFINITY ? never() : Bun.sleep(delayMs).then(() => new Response('x'))
    }, 2_000)
    const inTime = async () => (await scene.prepare(file(own())))[0]?.error === undefined
    expect(await inTime()).toBeFalse()
    delayMs = 600
    expect(await inTime()).toBeFalse()
    delayMs = 0
    expect(await inTime()).toBeTrue()
    delayMs = 600
    expect(await inTime()).toBeTrue()
  })

  test('ends at once when the session does', async () => {
    await using scene = startFetching(never, 60_000)
    const waiting = scene.prepare(file(own()), file(own()))
    await until('the request', () => scene.asked('/content') === 1)
    scene.stop.abort()
    expect((await waiting).map(({ error }) => error)).toEqual(
      Array(2).fill('not fetched: it did not come in time'),
    )
  })

  test('of a web page in place of a file is seen for what it is', async () => {
    const html = { headers: { 'Content-Type': 'text/html' } }
    await using scene = startFetching(() => new Response('<!doctype html>', html))
    expect((await scene.prepare(file(own())))[0]?.error).toBe('not fetched: it came as a web page')
    expect((await scene.prepare(file(own(), { mimeType: 'text/html' })))[0]).toHaveProperty('path')
  })
})
