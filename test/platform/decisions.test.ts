/** The pure parts: timestamps, names, redaction, hierarchy, statuses. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { preciseWallClock, systemClock } from '../../platform/base/clock.ts'
import { parseFirstObject, parseJson } from '../../platform/base/json.ts'
import { isUuid, newUuid, systemRandom } from '../../platform/base/random.ts'
import {
  formatMicros,
  parseTimestamp,
  Timestamps,
  timestampMs,
  wireTimestamp,
} from '../../platform/base/timestamp.ts'
import { normalizeA2a } from '../../platform/contract/a2a-message.ts'
import { effectiveDeliveryMode } from '../../platform/contract/delivery-mode.ts'
import { ancestry, canCommunicate } from '../../platform/contract/hierarchy.ts'
import { redactSecrets } from '../../platform/contract/redaction.ts'
import { statusAfterHeartbeat, statusWhenLivenessEnds } from '../../platform/contract/status.ts'
import { STATUSES } from '../../platform/contract/statuses.ts'
import { safeFileName, safeMimeType, savedAs } from '../../platform/contract/upload-names.ts'
import { CONTRACTS } from '../../platform/contract/versions.ts'
import { spendAfter } from '../../platform/endpoints/heartbeat.ts'
import { reachableUrl } from '../../platform/greeting.ts'
import { preview } from '../../platform/store/delegations.ts'

describe('timestamps', () => {
  const micros = fc.integer({ min: 0, max: Date.UTC(2200, 0) * 1000 })

  test('text order is time order, to the microsecond', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        expect(formatMicros(a) < formatMicros(b)).toBe(a < b)
      }),
    )
  })

  test('the wire form parses back to the same instant', () => {
    fc.assert(
      fc.property(micros, (instant) => {
        const stored = formatMicros(instant)
        expect(stored).toHaveLength(27)
        expect(parseTimestamp(wireTimestamp(stored))).toBe(stored)
      }),
    )
    expect(wireTimestamp('2026-07-01T10:00:00.000000Z')).toBe('2026-07-01T10:00:00Z')
    expect(wireTimestamp('2026-07-01T10:00:00.120000Z')).toBe('2026-07-01T10:00:00.12Z')
  })

  test('other time zones are understood, other texts are not', () => {
    expect(parseTimestamp('2026-07-01T12:00:00.5+02:00')).toBe('2026-07-01T10:00:00.500000Z')
    for (const text of ['', '2026-07-01', '2026-07-01T10:00:00', '2026-13-01T10:00:00Z', 'yesterday']) {
      expect(parseTimestamp(text)).toBeUndefined()
    }
  })

  test('where readers find their place by it, a row timestamp never goes back, not even behind those of an earlier run', () => {
    const times = [5, 3, 9, 1, 9]
    const clock = { ...systemClock, now: () => times.shift() ?? 0 }
    const timestamps = new Timestamps(clock, '1970-01-01T00:00:00.004000Z')
    const given = [1, 2, 3, 4, 5].map(() => timestampMs(timestamps.ofRow(true)))
    expect(given).toEqual([5, 5, 9, 9, 9])
  })

  test('elsewhere a row carries the true time', () => {
    const times = [5, 3, 9]
    const timestamps = new Timestamps({ ...systemClock, now: () => times.shift() ?? 0 })
    expect([1, 2, 3].map(() => timestampMs(timestamps.ofRow(false)))).toEqual([5, 3, 9])
  })

  test('the clock follows the wall clock through sleep and corrections, and counts microseconds in between', () => {
    let [wall, monotonic] = [1000, 50.25]
    const { now, jumpedAt } = preciseWallClock(
      () => wall,
      () => monotonic,
    )
    monotonic += 0.5
    expect(now()).toBe(1000.5)
    wall += 500 // Corrected a little.
    expect([now(), jumpedAt()]).toEqual([1500, undefined])
    ;[wall, monotonic] = [wall + 3_600_000, monotonic + 1] // The machine slept: only the wall clock went on.
    expect([now(), jumpedAt()]).toEqual([3_601_500, 3_601_500])
    monotonic += 0.25
    expect(now()).toBe(3_601_500.25)
    wall -= 86_400_000 // Set back by a day.
    expect([now(), jumpedAt()]).toEqual([wall, 3_601_500])
  })
})

test('only nesting makes JSON too deep, and only objects and arrays outside its texts count', () => {
  expect(parseJson(`[${'[],{},'.repeat(1000)}"]["]`)).toBeDefined()
  expect(parseJson('['.repeat(512) + ']'.repeat(512))).toBeDefined()
  expect(parseJson('['.repeat(513) + ']'.repeat(513))).toBeUndefined()
  expect(parseJson(`[${'[],'.repeat(999_998)}[]]`)).toBeDefined()
  expect(parseJson(`[${'[],'.repeat(999_999)}[]]`)).toBeUndefined()
  for (const text of ['"', '\\', '\\"', '"\\', '\\\\"['])
    expect(parseJson(JSON.stringify([`${text}${'['.repeat(600)}`, text]))).toBeDefined()
  for (const text of ['"', '"\\', '"\\"', '["a\\\\"', '{"a":"']) expect(parseJson(text)).toBeUndefined()
  expect(parseFirstObject('{"a":"\\"}"}{"b":1}')).toEqual({ value: { a: '"}' } })
})

test('a message waits for as long as it says, at most 30 days; anything but a positive number sets no limit', () => {
  const expiry = (expires_in_seconds: unknown) =>
    normalizeA2a({ jsonrpc: '2.0', params: { expires_in_seconds } }, undefined, CONTRACTS.v2, () => 'id')
      .expiresInSeconds
  expect([5, 1e300, 0, -5, '5', null].map(expiry)).toEqual([
    5,
    30 * 86_400,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('a generated id is a version 4 UUID', () => {
  for (let count = 0; count < 100; count++) {
    const id = newUuid(systemRandom)
    expect(isUuid(id)).toBe(true)
    expect(id).toMatch(/^.{14}4.{4}[89ab]/)
  }
})

describe('file names', () => {
  test('any name becomes a safe one of at most 100 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        expect(safeFileName(name, 'ascii')).toMatch(/^[A-Za-z0-9._-]{1,100}$/)
        expect(safeFileName(name, 'any')).toMatch(/^[^\p{Cc}\p{Cs}/\\]{1,100}$/u)
        for (const alphabet of ['ascii', 'any'] as const) {
          expect(['.', '..']).not.toContain(safeFileName(name, alphabet))
        }
        expect(savedAs(safeFileName(name, 'any'))).toMatch(
          /^attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._~%-]+$/,
        )
      }),
    )
  })

  test('a path keeps its last component, a long name its extension', () => {
    for (const alphabet of ['ascii', 'any'] as const) {
      expect(safeFileName('../../etc/passwd', alphabet)).toBe('passwd')
      expect(safeFileName('C:\\dir\\a.png', alphabet)).toBe('a.png')
      expect(safeFileName('dir/', alphabet)).toBe('file')
      expect(safeFileName(`${'a'.repeat(200)}.tar`, alphabet)).toBe(`${'a'.repeat(96)}.tar`)
      expect(safeFileName(`a.${'b'.repeat(200)}`, alphabet)).toBe(`a.${'b'.repeat(98)}`)
    }
  })

  test('a name keeps its script, unless the contract asks for ASCII', () => {
    expect(safeFileName('売上報告.xlsx', 'any')).toBe('売上報告.xlsx')
    expect(safeFileName('売上報告.xlsx', 'ascii')).toBe('____.xlsx')
    expect(safeFileName(' my pict\u0308ure?\u202e.png', 'any')).toBe('my picẗure?.png')
    expect(safeFileName(`${'報'.repeat(200)}.отчёт`, 'any')).toBe(`${'報'.repeat(94)}.отчёт`)
    expect(savedAs('売"上\'.txt')).toBe(
      `attachment; filename="____.txt"; filename*=UTF-8''%E5%A3%B2%22%E4%B8%8A%27.txt`,
    )
  })

  test('a type loses its parameters; a malformed one becomes octet-stream, a missing one stays empty', () => {
    expect(safeMimeType('Text/Plain; charset=utf-8')).toBe('text/plain')
    expect(safeMimeType('nonsense')).toBe('application/octet-stream')
    expect(safeMimeType('')).toBe('')
  })
})

test('a text without secrets stays as it is', () => {
  for (const text of ['plain words', 'a token is short', 'Bearer', 'task-force-42', 'SECRET santa']) {
    expect(redactSecrets(text)).toBe(text)
  }
})

test('a preview is at most 300 bytes and never splits a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const short = preview(text)
      if (short === text) return
      expect(text).toStartWith(short.slice(0, -3))
      expect(Buffer.byteLength(short)).toBeLessThanOrEqual(303)
    }),
  )
})

describe('hierarchy', () => {
  const tree: Record<string, string | null> = {
    root: null,
    a: 'root',
    b: 'root',
    a1: 'a',
    a2: 'a',
    b1: 'b',
    other: null,
  }
  const parentOf = (id: string) => tree[id]
  const may = (from: string, to: string, roots = false) => canCommunicate(from, to, parentOf, roots)

  test('self, siblings, ancestors and descendants may talk, cousins and uncles may not', () => {
    for (const [from, to] of [
      ['a', 'a'],
      ['a', 'b'],
      ['a1', 'a2'],
      ['root', 'a1'],
      ['a1', 'root'],
    ] as const) {
      expect(may(from, to)).toBe(true)
    }
    for (const [from, to] of [
      ['a1', 'b1'],
      ['a1', 'b'],
      ['b', 'a1'],
      ['a', 'nobody'],
      ['nobody', 'a'],
    ] as const) {
      expect(may(from, to)).toBe(false)
    }
  })

  test('talking is mutual', () => {
    for (const from of Object.keys(tree)) {
      for (const to of Object.keys(tree)) expect(may(from, to)).toBe(may(to, from))
    }
  })

  test('two roots may talk only where unrelated roots may', () => {
    expect([may('root', 'other'), may('root', 'other', true), may('a', 'other', true)]).toEqual([
      false,
      true,
      false,
    ])
  })

  test('the way up ends after 32 steps, and in a cycle', () => {
    expect(ancestry('x', (id) => (id === 'x' ? 'y' : 'x'))).toEqual(['x', 'y'])
    expect(ancestry('0', (id) => String(Number(id) + 1))).toHaveLength(33)
  })
})

describe('statuses', () => {
  const beat = fc.record({
    errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
    runtimeState: fc.constantFrom('', 'wedged', 'ok'),
    managesStatus: fc.boolean(),
    registerFailedRecently: fc.boolean(),
  })

  test('no heartbeat lifts a parked or removed workspace', () => {
    fc.assert(
      fc.property(
        beat,
        fc.constantFrom('paused', 'hibernated', 'hibernating', 'removed'),
        (given, status) => {
          for (const rules of Object.values(CONTRACTS))
            expect(statusAfterHeartbeat(status, given, rules)).toBe(status)
        },
      ),
    )
  })

  test('a heartbeat leads to online or degraded, or changes nothing', () => {
    fc.assert(
      fc.property(beat, fc.constantFrom(...STATUSES), (given, status) => {
        expect(['online', 'degraded', status]).toContain(statusAfterHeartbeat(status, given, CONTRACTS.v2))
      }),
    )
  })

  test('only the newer contracts lift awaiting_agent and failed', () => {
    const calm = { errorRate: 0, runtimeState: '', managesStatus: false, registerFailedRecently: false }
    const lifted = (status: 'awaiting_agent' | 'failed') =>
      [CONTRACTS.v0, CONTRACTS.v1, CONTRACTS.v2].map(
        (rules) => statusAfterHeartbeat(status, calm, rules) === 'online',
      )
    expect(lifted('awaiting_agent')).toEqual([false, true, true])
    expect(lifted('failed')).toEqual([false, false, true])
  })

  test('an expired liveness key never wakes or revives a workspace', () => {
    for (const status of ['removed', 'paused', 'hibernated'] as const) {
      expect(statusWhenLivenessEnds(status, 'external', CONTRACTS.v2)).toBe(status)
    }
  })
})

test("the delivery mode is the payload's, then the row's, then poll for external runtimes, then push", () => {
  expect(effectiveDeliveryMode('poll', { delivery_mode: 'push', runtime: 'external' })).toBe('poll')
  expect(effectiveDeliveryMode(undefined, { delivery_mode: 'push', runtime: 'external' })).toBe('push')
  expect(effectiveDeliveryMode(undefined, { delivery_mode: '', runtime: 'external' })).toBe('poll')
  expect(effectiveDeliveryMode(undefined, { delivery_mode: '', runtime: 'langgraph' })).toBe('push')
  expect(effectiveDeliveryMode(undefined, undefined)).toBe('push')
})

test('the printed address can be opened', () => {
  expect(reachableUrl('http://0.0.0.0:8080')).toBe('http://localhost:8080')
  expect(reachableUrl('http://[::]:8080')).toBe('http://localhost:8080')
  for (const url of ['http://[::1]:8080', 'http://127.0.0.1', 'http://10.0.0.0:1'])
    expect(reachableUrl(url)).toBe(url)
})

test('spend is clamped, and zero means no report', () => {
  expect([5, 0, -3, 10 ** 13].map((reported) => spendAfter(7, reported))).toEqual([5, 7, 7, 10 ** 12])
})
