import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { SimClock, settled } from '../../../../lab/simulation/sim-clock.ts'
import { type Entry, Ledger } from '../../../../member/ledger/ledger.ts'
import { DeliveryLine, type DeliveryOptions } from '../../../../plugin/host/event/delivery.ts'
import { entries, entry, MESSAGE } from '../../../fixtures/entries.ts'

const A = 'workspace-a'
const B = 'workspace-b'

const lineSchema = z.object({
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
})

interface Written {
  readonly text: string
  readonly redelivered: boolean
  /** How many earlier messages it says were never confirmed. */
  readonly unconfirmed: string | undefined
  readonly workspaceId: string
  /** What the ledger held of it while it was being written. */
  readonly state: string | undefined
  readonly leave: () => void
  readonly fail: (error: Error) => void
}

/** A line whose pipe takes what the test lets it take. */
class Scene implements Disposable {
  readonly ledger: Ledger
  readonly clock = new SimClock()
  readonly written: Written[] = []
  readonly lines: string[] = []
  readonly sentOf: string[] = []
  readonly stop = new AbortController()
  /** Lets each line out of the process as soon as it is written. */
  pipeOpen = true
  ended = false
  readonly line: DeliveryLine

  constructor(options: Partial<DeliveryOptions> = {}, ledger: Ledger = Ledger.open(':memory:')) {
    this.ledger = ledger
    this.line = new DeliveryLine({
      ledger: this.ledger,
      write: (line) => this.#write(line),
      held: () => [A, B],
      onSent: (workspaceId) => this.sentOf.push(workspaceId),
      signal: this.stop.signal,
      log: (text) => this.lines.push(text),
      now: this.clock.now,
      timers: this.clock.timers(),
      ...options,
    })
    void this.line.run().then(() => {
      this.ended = true
    })
  }

  async add(workspaceId: string, page: readonly Entry[]): Promise<void> {
    this.ledger.storePage(workspaceId, page, undefined, this.clock.now())
    this.line.notify()
    await settled()
  }

  [Symbol.dispose](): void {
    this.stop.abort()
  }

  #write(line: string): Promise<void> {
    const { content, meta } = lineSchema.parse(JSON.parse(line)).params
    const { activity_id, workspace_id, redelivered } = meta
    return new Promise((resolve, reject) => {
      this.written.push({
        text: content,
        redelivered: redelivered === 'true',
        unconfirmed: meta.inbox_unconfirmed,
        workspaceId: workspace_id ?? '',
        state: this.ledger.find(activity_id ?? '', [A, B])?.state,
        leave: resolve,
        fail: reject,
      })
      if (this.pipeOpen) resolve()
    })
  }
}

const text = (content: string): Partial<Entry> => ({ content: JSON.stringify({ ...MESSAGE, text: content }) })
const numbered = (count: number, from = 1): Entry[] =>
  entries(count, (index) => text(`message ${from + index}`))

describe('what is delivered', () => {
  test('goes out in the order it came, each once, whatever number of notices there were', async () => {
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

  test('is on the disk as being sent before it is written, and as sent once its bytes have left', async () => {
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

  test('is marked when an earlier session may have shown it', async () => {
    using folder = temporaryFolder()
    const earlier = Ledger.open(folder.file('ledger.db'))
    earlier.storePage(A, numbered(2), undefined, 0)
    earlier.markSending(earlier.nextBatch([A], 1, 1_000))
    earlier.close()
    const ledger = Ledger.open(folder.file('ledger.db'))
    ledger.recover(A, 0)
    using scene = new Scene({}, ledger)
    await settled()
    expect(scene.written.map((line) => [line.text, line.redelivered])).toEqual([
      ['message 1', true],
      ['message 2', false],
    ])
    ledger.close()
  })

  test('says once, on the next event of a workspace, how many of it were never confirmed', async () => {
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

  test('still says so when the disk failed as it was about to be written', async () => {
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

  test('is only what belongs to the workspaces that are held, now', async () => {
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
})

describe('a host that does not read', () => {
  test('costs a bounded number of lines in memory, and gets the rest in order when it reads on', async () => {
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

  test('and goes away for good ends the line: nothing overtakes what it did not take', async () => {
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
    expect(scene.lines).toEqual([expect.stringContaining('takes no more')])
  })
})

describe('a disk that fails', () => {
  test('before the write keeps the message back until it is well, and is logged once', async () => {
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
  })

  test('after the write leaves the message as being sent, and records it once it is well', async () => {
    using scene = new Scene()
    const mark = scene.ledger.markSent.bind(scene.ledger)
    scene.ledger.markSent = () => {
      throw new Error('database or disk is full')
    }
    await scene.add(A, numbered(40))
    await scene.clock.advance(20_000)
    // No further batch: what is recorded stays near to what is true.
    expect([scene.written.length, scene.ledger.inbox.counts(A)]).toEqual([32, { sending: 32, received: 8 }])
    scene.ledger.markSent = mark
    await scene.clock.advance(1_000)
    await settled()
    expect([scene.written.length, scene.ledger.inbox.counts(A)]).toEqual([40, { sent: 40 }])
  })
})

test('a stored message that cannot be read back is stepped over, with a word, and kept as skipped', async () => {
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

describe('a message that is taken before it is shown', () => {
  test('is skipped with the reason, and the others are shown in their order', async () => {
    using scene = new Scene({ intercept: (_, { text }) => (text === 'two' ? 'it was an answer' : undefined) })
    await scene.add(
      A,
      ['one', 'two', 'three'].map((said) => entry(text(said))),
    )
    expect(scene.written.map((line) => line.text)).toEqual(['one', 'three'])
    expect(scene.ledger.inbox.skippedFor(A, 'it was an answer')).toBe(1)
  })

  test('is given again, and nothing overtakes it, when it could not be recorded', async () => {
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

test('after the signal nothing more is written, and what had left is still recorded', async () => {
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
