import { describe, expect, test } from 'bun:test'
import { limitTransfer, MAX_TRANSFER_MS, STALL_MS } from '../../base/transfer-limit.ts'
import { SimClock } from '../../lab/simulation/sim-clock.ts'

const SECOND_MS = 1_000

function begin(outer?: AbortSignal) {
  const clock = new SimClock(0)
  const limit = limitTransfer(outer, clock)
  const pass = (ms: number): void => clock.runUntil(clock.now() + ms)
  /** Bytes come once a second, for as long as the transfer lasts. */
  const receive = (bytes: number, ms: number): void => {
    for (let passed = 0; passed < ms && !limit.signal.aborted; passed += SECOND_MS) {
      pass(SECOND_MS)
      limit.came(bytes)
    }
  }
  return { clock, limit, pass, receive, ended: () => limit.signal.aborted && String(limit.signal.reason) }
}

describe('a transfer', () => {
  test('ends when no answer begins in time, counted from the last part that was sent', () => {
    const { limit, pass, ended } = begin()
    for (let part = 0; part < 10; part++) {
      limit.expectAnswer(10_000)
      pass(9_999)
      expect(ended()).toBe(false)
    }
    pass(1)
    expect(ended()).toContain('no answer within 10000 ms')
  })

  test('lasts while bytes keep coming, whatever time an answer had to begin', () => {
    const { limit, receive, ended } = begin()
    limit.expectAnswer(10_000)
    limit.expectBytes()
    receive(10_000, MAX_TRANSFER_MS - SECOND_MS)
    expect(ended()).toBe(false)
  })

  test('ends once bytes stop, or only drip', () => {
    for (const bytes of [0, 500]) {
      const { limit, receive, clock, ended } = begin()
      limit.expectBytes()
      receive(100_000, 5 * 60_000)
      expect(ended()).toBe(false)
      receive(bytes, 60_000)
      expect(ended()).toContain(`bytes within ${STALL_MS} ms`)
      expect(clock.now()).toBeWithin(5 * 60_000, 5 * 60_000 + 2 * STALL_MS + 1)
    }
  })

  test('ends after an hour, however many bytes come', () => {
    const { limit, receive, clock, ended } = begin()
    limit.expectBytes()
    receive(1_000_000, 2 * MAX_TRANSFER_MS)
    expect(ended()).toContain('not over within')
    expect(clock.now()).toBe(MAX_TRANSFER_MS)
  })

  test('ends with the outer signal, and leaves no timer when it is over', () => {
    const outer = new AbortController()
    const { clock, limit, ended } = begin(outer.signal)
    limit.expectAnswer(1_000)
    limit.expectBytes()
    outer.abort(new Error('the session ends'))
    expect(ended()).toContain('the session ends')
    limit.release()
    expect(clock.armed).toBe(0)
  })
})
