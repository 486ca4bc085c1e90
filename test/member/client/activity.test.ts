import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { acknowledge, fetchPage, readPage } from '../../../member/client/activity.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { interpretRow } from '../../../member/client/inbound.ts'
import { OWN_ID, PEER_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const idOf = (n: number): string => `c0ffee00-0000-4000-8000-${String(n).padStart(12, '0')}`
const row = (n: number, created_at: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id: idOf(n),
  source_id: null,
  method: 'message/send',
  created_at,
  ...more,
})
const at = (second: number, fraction = ''): string =>
  `2026-07-01T10:00:${String(second).padStart(2, '0')}${fraction}Z`
const numbers = (rows: readonly { id: string }[]): number[] => rows.map(({ id }) => Number(id.slice(-4)))

describe('a page is oldest first', () => {
  const ascending = [row(1, at(1)), row(2, at(2)), row(3, at(3))]
  const descending = ascending.toReversed()

  test('whatever order the platform sent it in, with a cursor or without', () => {
    for (const rows of [ascending, descending]) {
      for (const withCursor of [true, false]) {
        const page = readPage(rows, 100, withCursor)
        expect(numbers(page.rows)).toEqual([1, 2, 3])
        expect(page.newestId).toBe(idOf(3))
      }
    }
  })

  test('by row number where times are equal, and in the documented order without numbers', () => {
    const numbered = [row(1, at(1), { seq: 7 }), row(2, at(1), { seq: 9 })]
    const plain = [row(1, at(1)), row(2, at(1))]
    for (const withCursor of [true, false]) {
      expect(numbers(readPage(numbered, 100, withCursor).rows)).toEqual([1, 2])
      expect(numbers(readPage(numbered.toReversed(), 100, withCursor).rows)).toEqual([1, 2])
    }
    expect(numbers(readPage(plain, 100, true).rows)).toEqual([1, 2])
    expect(numbers(readPage(plain, 100, false).rows)).toEqual([2, 1])
  })

  test('whatever the length of the fractions', () => {
    const rows = [row(1, at(1)), row(2, at(1, '.09')), row(3, at(1, '.1')), row(4, at(1, '.100001'))]
    for (const [first, last] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ] as const) {
      const pair = [rows[first], rows[last]]
      expect(numbers(readPage(pair, 100, false).rows)).toEqual([first + 1, last + 1])
      expect(numbers(readPage(pair.toReversed(), 100, false).rows)).toEqual([first + 1, last + 1])
    }
  })

  test("except that rows between the ends keep the platform's order", () => {
    const rows = [row(1, at(1)), row(2, at(5)), row(3, at(3)), row(4, at(6))]
    expect(numbers(readPage(rows, 100, true).rows)).toEqual([1, 2, 3, 4])
  })

  test('and full when it has as many rows as requested, unusable ones included', () => {
    expect(readPage([row(1, at(1)), null], 2, true).full).toBeTrue()
    expect(readPage([row(1, at(1))], 2, true).full).toBeFalse()
    expect(readPage([], 2, false)).toEqual({ rows: [], newestId: undefined, unusable: 0, full: false })
  })
})

describe('a row', () => {
  const forms: [string, unknown][] = [
    ['2026-07-01 10:00:02.5+00:00', '2026-07-01T10:00:02.5+00:00'],
    ['2026-07-01T10:00:02+0000', '2026-07-01T10:00:02+00:00'],
    ['2026-07-01T15:30:02+0530', '2026-07-01T15:30:02+05:30'],
    ['2026-07-01T10:00:02,123456Z', '2026-07-01T10:00:02.123456Z'],
    ['2026-07-01 10:00:02 UTC', '2026-07-01T10:00:02Z'],
  ]
  test.each(forms)('dated %j has its own time', (time, read) => {
    expect(readPage([row(1, at(1)), { ...row(2, ''), created_at: time }], 100, true).rows[1]).toMatchObject({
      created_at: read,
    })
  })

  const unplaced = [
    '',
    'yesterday',
    1_782_900_000,
    null,
    undefined,
    {},
    '2026-07-01T10:00:02',
    '+010000-01-01T00:00:00Z',
  ]
  test.each(unplaced)(
    'dated %j keeps its place, with the time of the row before it, or else after it',
    (time) => {
      const odd = { ...row(2, ''), created_at: time }
      const times = (raw: readonly unknown[], ascending: boolean) =>
        readPage(raw, 100, ascending, at(0)).rows.map((read) => [read.created_at, read.undated ?? false])
      const [first, third] = [at(1), at(3)]
      expect(times([row(1, first), odd, row(3, third)], true)).toEqual([
        [first, false],
        [first, true],
        [third, false],
      ])
      expect(times([row(3, third), odd, row(1, first)], false)).toEqual([
        [first, false],
        [first, true],
        [third, false],
      ])
      expect(times([odd, row(3, third)], true)).toEqual([
        [third, true],
        [third, false],
      ])
      expect(times([odd], true)).toEqual([[at(0), true]])
    },
  )
})

describe('unreadable rows', () => {
  const broken: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a number', 7],
    ['a text', 'row'],
    ['a list', [row(9, at(9))]],
    ['an empty object', {}],
    ['a row without id', { ...row(9, at(9)), id: undefined }],
    ['a row whose id is a number', { ...row(9, at(9)), id: 9 }],
    ['a row whose id is a path', { ...row(9, at(9)), id: '../x' }],
  ]
  test.each(broken)('such as %s are counted and skipped, and their neighbours are read', (_, item) => {
    const page = readPage([row(1, at(1)), item, row(2, at(2))], 100, true)
    expect(numbers(page.rows)).toEqual([1, 2])
    expect(page.unusable).toBe(1)
    expect(page.newestId).toBe(idOf(2))
  })

  test.each([7, { id: PEER_ID }, false, ''])(
    'with the sender %j keep their place, and are no message',
    (sender) => {
      const page = readPage([row(1, at(1)), row(2, at(2), { source_id: sender }), row(3, at(3))], 100, true)
      expect(numbers(page.rows)).toEqual([1, 2, 3])
      expect(page.rows.map((read) => interpretRow(read, PEER_ID).deliver)).toEqual([true, false, true])
    },
  )

  test('serve as a cursor when they have an id, so that reading goes on after them', () => {
    const unreadable = row(3, at(3), { source_id: 7 })
    expect(readPage([row(1, at(1)), row(2, at(2)), unreadable, null], 100, true).newestId).toBe(idOf(3))
    expect(readPage([null, unreadable, row(2, at(2)), row(1, at(1))], 100, false).newestId).toBe(idOf(3))
    expect(readPage([unreadable], 100, true)).toMatchObject({ rows: [], newestId: idOf(3), unusable: 1 })
  })

  test('do not include those where only a harmless field has the wrong type', () => {
    const wrong = {
      method: 7,
      summary: {},
      status: [],
      error_detail: 1,
      peer_name: 2,
      peer_role: {},
      seq: '12',
    }
    const page = readPage([row(1, at(1), wrong)], 100, true)
    expect(page.rows[0]).toMatchObject({
      method: null,
      summary: null,
      status: null,
      peer_name: null,
      seq: null,
    })
  })

  test('never make reading fail, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 5 }), fc.boolean(), (items, withCursor) => {
        const page = readPage([...items, row(1, at(1))], 100, withCursor)
        expect(numbers(page.rows)).toEqual([1])
        expect(page.unusable).toBe(items.length)
      }),
    )
  })
})

const limitOf = (path: string): number => Number(new URL(path, 'http://x').searchParams.get('limit'))

describe('fetchPage', () => {
  test('requests the received rows after the cursor, with peer information', async () => {
    await using platform = startLyingPlatform(() => Response.json([]))
    await fetchPage(platform.client, { sinceId: idOf(1), limit: 50 })
    await fetchPage(platform.client, { sinceSecs: 30, beforeTs: at(1), limit: 50 })
    const [first, second] = platform.seen.map(({ path }) => new URL(path, platform.url))
    expect(first?.pathname).toBe(`/workspaces/${OWN_ID}/activity`)
    expect(Object.fromEntries(first?.searchParams ?? [])).toEqual({
      type: 'a2a_receive',
      include: 'peer_info',
      limit: '50',
      since_id: idOf(1),
    })
    expect(Object.fromEntries(second?.searchParams ?? [])).toMatchObject({
      since_secs: '30',
      before_ts: at(1),
    })
  })

  test('requests a page that is too large again in ever smaller parts', async () => {
    const tooLarge = ' '.repeat(25 * 1024 * 1024)
    await using platform = startLyingPlatform(({ path }) => {
      const limit = limitOf(path)
      return limit > 2 ? new Response(tooLarge) : Response.json([row(1, at(1)), row(2, at(2))])
    })
    const page = await fetchPage(platform.client, { sinceId: idOf(9), limit: 100 })
    const limits = platform.seen.map(({ path }) => limitOf(path))
    expect(limits).toEqual([100, 25, 7, 2])
    expect(numbers(page.rows)).toEqual([1, 2])
    expect(page.full).toBeTrue()
  })

  test('fails with status 410 for a forgotten cursor, and with a retry error for anything but a list', async () => {
    await using gone = startLyingPlatform(() => Response.json({ error: 'since_id cursor' }, { status: 410 }))
    const request = { sinceId: idOf(1), limit: 5 }
    expect(await rejection(fetchPage(gone.client, request))).toMatchObject({ status: 410 })
    for (const body of [{}, null, { rows: [] }, 'x']) {
      await using platform = startLyingPlatform(() => Response.json(body))
      expect(await rejection(fetchPage(platform.client, request))).toMatchObject({ kind: 'retry' })
    }
  })
})

test('an acknowledgement carries the row number, and an older platform refuses it', async () => {
  await using platform = startLyingPlatform((_, index) =>
    index === 0 ? Response.json({ last_acked_seq: 9 }) : new Response('no such page', { status: 404 }),
  )
  await acknowledge(platform.client, 7)
  expect([platform.seen[0]?.path, platform.seen[0]?.body]).toEqual([
    `/workspaces/${OWN_ID}/activity/ack`,
    '{"acked_seq":7}',
  ])
  const error = await rejection(acknowledge(platform.client, 8))
  expect(error instanceof PlatformError && error.kind).toBe('refused')
})
