import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { judgeSilence, type Silence } from '../../../../plugin/host/hearing/silence.ts'

const MINUTE_MS = 60_000
const silence: fc.Arbitrary<Silence> = fc.record({
  overdue: fc.nat(5),
  wasIdle: fc.boolean(),
  reportsTurns: fc.boolean(),
  hasListened: fc.boolean(),
  doubtedForMs: fc.nat(10 * MINUTE_MS),
})

describe('a prompt that reaches the hook', () => {
  test('means nothing unless a message should have been shown by then', () => {
    fc.assert(fc.property(silence, (one) => (judgeSilence(one) === 'nothing') === (one.overdue === 0)))
  })

  test('proves that the host does not listen if it had nothing else to do', () => {
    fc.assert(
      fc.property(silence, fc.integer({ min: 1, max: 9 }), (one, overdue) => {
        expect(judgeSilence({ ...one, overdue, wasIdle: true })).toBe('deaf')
      }),
    )
  })

  test('proves nothing while a turn runs, however long, if the host has shown messages or reports when turns end', () => {
    fc.assert(
      fc.property(silence, fc.integer({ min: 1, max: 9 }), (one, overdue) => {
        const busy = { ...one, overdue, wasIdle: false }
        expect(judgeSilence({ ...busy, hasListened: true })).toBe('doubt')
        expect(judgeSilence({ ...busy, reportsTurns: true })).toBe('doubt')
      }),
    )
  })

  test('is the second sign in over a minute where nothing reports when turns end: the host does not listen', () => {
    const older = { overdue: 1, wasIdle: false, reportsTurns: false, hasListened: false }
    expect(judgeSilence({ ...older, doubtedForMs: MINUTE_MS - 1 })).toBe('doubt')
    expect(judgeSilence({ ...older, doubtedForMs: MINUTE_MS })).toBe('deaf')
  })
})
