import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { isOverflow, MAX_EVENTS, WINDOW_MS } from '../../../member/ledger/loop-guard.ts'
import { entry } from '../../fixtures/entries.ts'

const WORKSPACE = 'workspace-a'
const PEER = '11111111-1111-4111-8111-111111111111'

test('whether a message is too many depends only on the one twenty places before it, by the platform’s time and by ours', () => {
  const time = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
  const near = fc.integer({ min: 0, max: 2 * WINDOW_MS })
  fc.assert(
    fc.property(time, near, near, (begin, written, received) => {
      const [a, b] = [begin, new Date(begin.getTime() + written)].map((at) => at.toISOString())
      const earlier = { createdAt: a ?? '', receivedAt: 0 }
      const message = { createdAt: b ?? '', receivedAt: received }
      const expected = written < WINDOW_MS && received < WINDOW_MS
      expect([isOverflow(earlier, message), isOverflow(message, earlier)]).toEqual([expected, expected])
    }),
  )
  const garbage = { createdAt: 'garbage', receivedAt: 0 }
  expect([isOverflow(undefined, garbage), isOverflow(garbage, garbage)]).toEqual([false, false])
})

test('messages that the platform dates to one moment, as after a row dated ahead, are no burst when they come slowly', () => {
  const ledger = openLedger()
  for (let n = 0; n < 2 * MAX_EVENTS; n++) {
    const late = entry({ peerId: PEER, createdAt: '2027-01-01T00:00:00Z' })
    ledger.of(WORKSPACE).storePage([late], undefined, (n * WINDOW_MS) / 10)
  }
  expect(ledger.inbox.counts(WORKSPACE)).toEqual({ received: 2 * MAX_EVENTS })
  ledger.close()
})
