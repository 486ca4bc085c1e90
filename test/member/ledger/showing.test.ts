import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Attempts,
  fateOf,
  type HostEvidence,
  judgeShowing,
  MAX_ATTEMPTS,
  MAX_UNSURE_ATTEMPTS,
  REDELIVER_WITHIN_MS,
  type Showing,
} from '../../../member/ledger/showing.ts'

const small = fc.integer({ min: 0, max: 20 })
const place = fc.record({ ord: small, sentAt: small })
const evidence: fc.Arbitrary<HostEvidence> = fc.record({
  hooked: fc.boolean(),
  heardAt: fc.option(small),
  answered: fc.option(place),
})
const SILENT: HostEvidence = { hooked: false, heardAt: null, answered: null }
const HOUR_MS = 3_600_000

describe('whether a host showed a message', () => {
  test('is taken for granted only if the model answered a later one', () => {
    fc.assert(
      fc.property(evidence, place, (known, message) => {
        if (judgeShowing(known, message) !== 'shown') return
        expect(known.answered?.ord).toBeGreaterThan(message.ord)
        expect(known.answered?.sentAt).toBeGreaterThan(message.sentAt)
      }),
    )
  })

  test('is never taken for granted where the hook reports prompts, since it would have reported the message', () => {
    fc.assert(
      fc.property(evidence, place, (known, message) => {
        expect(judgeShowing({ ...known, hooked: true }, message)).not.toBe('shown')
      }),
    )
  })

  test('is denied where the hook reports prompts, and no event since the message was written', () => {
    fc.assert(
      fc.property(evidence, place, fc.option(small), (known, message, heardAt) => {
        const before = heardAt === null || heardAt < message.sentAt ? heardAt : null
        const deaf = { ...known, hooked: true, heardAt: before, answered: null }
        expect(judgeShowing(deaf, message)).toBe('unshown')
      }),
    )
  })

  test('is open where a call has read the message, whatever hooks report', () => {
    fc.assert(
      fc.property(place, fc.boolean(), small, (message, hooked, later) => {
        const read = { hooked, heardAt: message.sentAt + later, answered: null }
        expect(judgeShowing(read, message)).toBe('unknown')
      }),
    )
  })

  test('is not denied once the hook has reported an event since', () => {
    fc.assert(
      fc.property(evidence, place, small, (known, message, later) => {
        const heard = { ...known, hooked: true, heardAt: message.sentAt + later }
        expect(judgeShowing(heard, message)).toBe('unknown')
      }),
    )
  })

  test('is unknown of a host without hooks that shows messages, and unlikely of one that gave no sign', () => {
    const message = { ord: 2, sentAt: 2 }
    expect(judgeShowing({ ...SILENT, answered: { ord: 1, sentAt: 1 } }, message)).toBe('unknown')
    expect(judgeShowing(SILENT, message)).toBe('unnoticed')
  })
})

describe('what becomes of a message that may not have been shown', () => {
  const attempts: fc.Arbitrary<Attempts> = fc
    .record({ attempts: fc.integer({ min: 1, max: 60 }), unseen: fc.nat(60), age: fc.nat(30 * 24 * HOUR_MS) })
    .map((one) => ({ ...one, unseen: Math.min(one.unseen, one.attempts) }))

  /** How often a message is written to hosts of which the same is known each time. */
  const timesOf = (showing: Showing, age: number): number => {
    let unseen = 0
    for (let times = 1; times < 100; times++) {
      const fate = fateOf(showing, { attempts: times, unseen, age })
      if (fate === 'again, unseen') unseen++
      else if (fate !== 'again') return times
    }
    return Number.POSITIVE_INFINITY
  }

  test('it is written again, however often and however long ago, if the host did not show it', () => {
    fc.assert(fc.property(attempts, (one) => expect(fateOf('unshown', one)).toBe('again, unseen')))
  })

  test('starts of deaf sessions use up no attempt: after any number, it is written as often as before', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(MAX_ATTEMPTS - 1), (deaf, listening) => {
        const one = { attempts: deaf + listening + 1, unseen: deaf, age: 0 }
        expect(fateOf('unknown', one)).toBe(listening + 1 < MAX_ATTEMPTS ? 'again' : 'kept')
      }),
    )
  })

  test.each<[Showing, number, number]>([
    ['unknown', HOUR_MS, MAX_ATTEMPTS],
    ['unknown', REDELIVER_WITHIN_MS, 1],
    ['unnoticed', HOUR_MS, MAX_UNSURE_ATTEMPTS + MAX_ATTEMPTS],
    ['unnoticed', 20 * REDELIVER_WITHIN_MS, MAX_UNSURE_ATTEMPTS + MAX_ATTEMPTS],
    ['shown', 0, 1],
  ])('%s after %i ms: it is written %i times in all', (showing, age, times) => {
    expect(timesOf(showing, age)).toBe(times)
  })
})
