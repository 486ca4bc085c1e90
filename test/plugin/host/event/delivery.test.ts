import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { SimClock, settled } from '../../../../lab/simulation/sim-clock.ts'
import { entry } from '../../../fixtures/entries.ts'
import { recover } from '../../../fixtures/recover.ts'
import { A, B, numbered, Scene, text } from './delivery-scene.ts'

describe('a message', () => {
  test('goes out once, in order, however many notices there were', async () => {
    using scene = new Scene()
    await scene.add(A, numbered(100))
    for (let n = 0; n < 10; n++) scene.line.notify()
    await scene.add(A, numbered(5, 101))
    expect(scene.written.map((line) => line.text)).toEqual(
      Array.from({ length: 105 }, (_, n) => `message ${n + 1}`),
    )
    expect(scene.written.some((line) => line.redelivered)).toBe(false)
    expect(scene.ledger.inbox.counts(A)).toEqual({ sent: 105 })
  })

  test('that takes long to prepare holds up nothing else, only the messages after it', async () => {
    const clock = new SimClock()
    let worked = 0
    const busy = {
      now: () => clock.now() + worked,
      after: clock.after,
      every: clock.every,
      random: clock.random,
    }
    const intercept = (): undefined => {
      worked += 6
    }
    using scene = new Scene({ clock: busy, intercept })
    await scene.add(A, numbered(5))
    expect(scene.written.map((line) => line.text)).toEqual(['message 1', 'message 2'])
    await clock.advance(0)
    expect(scene.written).toHaveLength(5)
  })

  test('is `sending` on disk before it is written, and `sent` once its bytes have left', async () => {
    using scene = new Scene()
    scene.pipeOpen = false
    await scene.add(A, numbered(3))
    expect(scene.written.map(({ state }) => state)).toEqual(['sending', 'sending', 'sending'])
    expect([scene.ledger.inbox.counts(A), scene.sentOf]).toEqual([{ sending: 3 }, []])
    scene.written[0]?.leave()
    scene.written[1]?.leave()
    await settled()
    expect([scene.ledger.inbox.counts(A), scene.sentOf]).toEqual([{ sending: 1, sent: 2 }, [A]])
  })

  test('is marked as redelivered when an earlier session may have shown it', async () => {
    using folder = temporaryFolder()
    const earlier = openLedger(folder.file('ledger.db'))
    earlier.of(A).storePage(numbered(2), undefined, 0)
    earlier.markSending(earlier.nextBatch([A], 1, 1_000, 0))
    earlier.close()
    const ledger = openLedger(folder.file('ledger.db'))
    recover(ledger.of(A), 0)
    using scene = new Scene({}, ledger)
    await settled()
    expect(scene.written.map((line) => [line.text, line.redelivered])).toEqual([
      ['message 1', true],
      ['message 2', false],
    ])
    ledger.close()
  })

  test('says how many earlier ones were never confirmed, once for each workspace', async () => {
    using scene = new Scene()
    scene.line.announceUnconfirmed(A, 3)
    await scene.add(B, numbered(1))
    await scene.add(A, numbered(2, 2))
    await scene.add(A, numbered(1, 4))
    expect(scene.written.map(({ unconfirmed }) => unconfirmed)).toEqual([
      undefined,
      '3',
      undefined,
      undefined,
    ])
    scene.line.announceUnconfirmed(A, 0)
    await scene.add(A, numbered(1, 5))
    expect(scene.written.at(-1)?.unconfirmed).toBeUndefined()
  })

  test('still says so after a disk error just before it is written', async () => {
    using scene = new Scene()
    scene.line.announceUnconfirmed(A, 3)
    const markSending = scene.ledger.markSending.bind(scene.ledger)
    scene.ledger.markSending = () => {
      scene.ledger.markSending = markSending
      throw new Error('disk full')
    }
    await scene.add(A, numbered(1))
    expect(scene.written).toEqual([])
    await scene.clock.advance(1_000)
    await settled()
    expect(scene.written.map(({ unconfirmed }) => unconfirmed)).toEqual(['3'])
  })

  test('goes out only while its workspace is held', async () => {
    let held: readonly string[] = []
    using scene = new Scene({ held: () => held })
    await scene.add(A, numbered(1))
    await scene.add(B, numbered(1, 2))
    expect(scene.written).toEqual([])
    held = [B]
    scene.line.notify()
    await settled()
    expect(scene.written.map(({ workspaceId }) => workspaceId)).toEqual([B])
  })

  test('is not marked once the workspace was lost: its new holder has looked already for what was begun', async () => {
    let held: readonly string[] = [A]
    using scene = new Scene({ held: () => held })
    const mark = scene.ledger.markSending.bind(scene.ledger)
    scene.ledger.markSending = (...given) => {
      held = []
      return mark(...given)
    }
    await scene.add(A, numbered(2))
    expect([scene.written, scene.ledger.inbox.counts(A)]).toEqual([[], { received: 2 }])
  })
})

test('an answer goes out soon after the call of another session stops awaiting it', async () => {
  using scene = new Scene()
  const task = { id: 'task-1', workspaceId: A, peerId: 'peer', task: 'count', watched: false }
  const until = scene.clock.now() + 10_300
  scene.ledger.delegations.add(task, scene.clock.now())
  scene.ledger.delegations.await(A, task.id, until)
  const mark = { id: task.id, by: 'peer', failed: false } as const
  await scene.add(A, [entry({ ...text('seven'), peerId: task.peerId, task: mark })])
  await scene.clock.advance(10_299)
  expect(scene.written).toEqual([])
  await scene.clock.advance(201)
  expect(scene.written.map((line) => line.text)).toEqual(['seven'])
})

describe('a message that is intercepted', () => {
  test('is skipped with the reason, and the others go out in order', async () => {
    using scene = new Scene({ intercept: (_, { text }) => (text === 'two' ? 'it was an answer' : undefined) })
    await scene.add(
      A,
      ['one', 'two', 'three'].map((said) => entry(text(said))),
    )
    expect(scene.written.map((line) => line.text)).toEqual(['one', 'three'])
    expect(scene.ledger.inbox.skippedFor(A, 'it was an answer')).toBe(1)
  })

  test('is offered again, and nothing overtakes it, when that cannot be recorded', async () => {
    let full = true
    using scene = new Scene({
      intercept: (_, { text }) => {
        if (text === 'two' && full) throw new Error('database or disk is full')
        return text === 'two' ? 'it was an answer' : undefined
      },
    })
    await scene.add(
      A,
      ['one', 'two', 'three'].map((said) => entry(text(said))),
    )
    await scene.clock.advance(5_000)
    expect([scene.written, scene.lines.length]).toEqual([[], 1])
    full = false
    await scene.clock.advance(1_000)
    expect(scene.written.map((line) => line.text)).toEqual(['one', 'three'])
    expect(scene.ledger.inbox.counts(A)).toEqual({ sent: 2, skipped: 1 })
  })
})
