import { describe, expect, test } from 'bun:test'
import { settled } from '../../../../lab/simulation/sim-clock.ts'
import { entries, entry } from '../../../fixtures/entries.ts'
import { A, numbered, Scene, text } from './delivery-scene.ts'

describe('a host that does not read', () => {
  test('costs a bounded number of lines in memory, and gets the rest in order when it reads again', async () => {
    using scene = new Scene()
    scene.pipeOpen = false
    await scene.add(A, numbered(500))
    expect(scene.written.length).toBeLessThanOrEqual(32)
    scene.pipeOpen = true
    for (const { leave } of scene.written) leave()
    await settled()
    await settled()
    expect(scene.written.map((line) => line.text)).toEqual(
      Array.from({ length: 500 }, (_, n) => `message ${n + 1}`),
    )
  })

  test('costs a bounded amount of text', async () => {
    using scene = new Scene()
    scene.pipeOpen = false
    await scene.add(
      A,
      entries(30, () => text('x'.repeat(100_000))),
    )
    expect(scene.written.length).toBeLessThanOrEqual(6)
  })

  test('and then goes away ends delivery: nothing overtakes what it did not take', async () => {
    using scene = new Scene()
    scene.pipeOpen = false
    await scene.add(A, numbered(40))
    for (const [index, { leave, fail }] of [...scene.written].entries()) {
      if (index === 5) fail(new Error('EPIPE'))
      else leave()
    }
    await settled()
    await scene.clock.advance(60_000)
    expect([scene.written.length, scene.ended]).toEqual([32, true])
    expect(scene.ledger.inbox.counts(A)).toEqual({ sending: 1, sent: 31, received: 8 })
    expect(scene.lines).toEqual([expect.stringContaining('accepts no more')])
  })
})

describe('a disk that fails', () => {
  test('before the write holds the message back until it recovers, and is logged once each time', async () => {
    using scene = new Scene()
    const mark = scene.ledger.markSending.bind(scene.ledger)
    scene.ledger.markSending = () => {
      throw new Error('database or disk is full')
    }
    await scene.add(A, numbered(2))
    await scene.clock.advance(20_000)
    expect([scene.written, scene.lines.length]).toEqual([[], 1])
    scene.ledger.markSending = mark
    await scene.clock.advance(1_000)
    expect(scene.written.map((line) => line.text)).toEqual(['message 1', 'message 2'])
    scene.ledger.markSending = () => {
      throw new Error('database or disk is full')
    }
    await scene.add(A, numbered(1, 3))
    expect(scene.lines).toHaveLength(2)
  })

  test('after the write leaves the message `sending`, and records it on recovery', async () => {
    using scene = new Scene()
    const mark = scene.ledger.markSent.bind(scene.ledger)
    scene.ledger.markSent = () => {
      throw new Error('database or disk is full')
    }
    await scene.add(A, numbered(40))
    await scene.clock.advance(20_000)
    // Starts no further batch, so that the record stays close to the truth.
    expect([scene.written.length, scene.ledger.inbox.counts(A)]).toEqual([32, { sending: 32, received: 8 }])
    scene.ledger.markSent = mark
    await scene.clock.advance(1_000)
    await settled()
    expect([scene.written.length, scene.ledger.inbox.counts(A)]).toEqual([40, { sent: 40 }])
  })
})

describe('a disk that is full as delivery stops', () => {
  for (const [when, leavesBefore] of [
    ['before', true],
    ['after', false],
  ] as const) {
    test(`records what left ${when} that once it recovers, and then arms no timer`, async () => {
      using scene = new Scene()
      const mark = scene.ledger.markSent.bind(scene.ledger)
      scene.ledger.markSent = () => {
        throw new Error('database or disk is full')
      }
      scene.pipeOpen = false
      await scene.add(A, numbered(3))
      const leave = (): void => {
        for (const line of scene.written) line.leave()
      }
      if (leavesBefore) leave()
      await settled()
      scene.stop.abort()
      await settled()
      if (!leavesBefore) leave()
      await scene.clock.advance(5_000)
      expect([scene.ledger.inbox.counts(A), scene.clock.armed]).toEqual([{ sending: 3 }, 1])
      scene.ledger.markSent = mark
      await scene.clock.advance(1_000)
      expect([scene.ledger.inbox.counts(A), scene.clock.armed]).toEqual([{ sent: 3 }, 0])
    })
  }
})

test('a stored message that cannot be read back is logged and skipped', async () => {
  using scene = new Scene()
  await scene.add(A, [
    entry(text('one')),
    entry({ content: '{"kind":"unheard of"}' }),
    entry({ content: 'no JSON' }),
    entry(text('two')),
  ])
  expect(scene.written.map((line) => line.text)).toEqual(['one', 'two'])
  expect(scene.ledger.inbox.counts(A)).toEqual({ sent: 2, skipped: 2 })
  expect(scene.lines).toHaveLength(2)
})

test('after the signal nothing more is written, and what has left is still recorded', async () => {
  using scene = new Scene()
  scene.pipeOpen = false
  await scene.add(A, numbered(40))
  scene.stop.abort()
  for (const { leave } of scene.written) leave()
  await settled()
  await scene.add(A, numbered(1, 41))
  expect([scene.written.length, scene.ended, scene.ledger.inbox.counts(A)]).toEqual([
    32,
    true,
    { sent: 32, received: 9 },
  ])
})
