import { describe, expect, test } from 'bun:test'
import { type Disk, systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import type { Fact } from '../../../member/ledger/session-evidence.ts'
import { MAX_ATTEMPTS, MAX_UNSURE_ATTEMPTS, REDELIVER_WITHIN_MS } from '../../../member/ledger/showing.ts'
import { diskWith } from '../../fixtures/disk.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const A = 'workspace-a'
const B = 'workspace-b'
/** When the first session sent. */
const SENT = 1_800_000_000_000

/** Two messages in each of two workspaces that an earlier session sent, and what the next one makes of those in A. */
function afterSession(act: (session: Ledger, sent: readonly StoredMessage[]) => void) {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  for (const workspaceId of [A, B]) first.of(workspaceId).storePage(entries(2), cursor(), SENT)
  const batch = first.nextBatch([A, B], 10, 1_000_000, SENT)
  first.markSending(batch)
  for (const [index, message] of batch.entries()) first.markSent([message], SENT + index)
  act(
    first,
    batch.filter(({ workspaceId }) => workspaceId === A),
  )
  first.close()
  const next = openLedger(folder.file('ledger.db'))
  const recovery = recover(next.of(A), SENT + 1_000)
  const found = { recovery, counts: next.inbox.counts(A), other: next.inbox.counts(B) }
  const unanswered = next.inbox.list({ workspaceIds: [A], states: ['presumed'], limit: 10 }).total
  next.close()
  return { ...found, unanswered }
}

describe('what a session sent without a receipt', () => {
  test('is presumed shown if its hook is silent and the model answered a later message: still in the inbox', () => {
    const { recovery, counts, other, unanswered } = afterSession((session, [, last]) => {
      if (last === undefined) throw new Error('no message')
      session.evidence.noteAnswered(last.ord, SENT)
      session.markAnswered(last.ord)
    })
    expect(recovery).toEqual({ again: 0, givenUp: 0, presumed: 1 })
    expect([counts, unanswered]).toEqual([{ presumed: 1, answered: 1 }, 1])
    // Each workspace is judged when it is taken over.
    expect(other).toEqual({ sent: 2 })
  })

  test.each<[string, readonly Fact[]]>([
    ['that nothing is known of', []],
    ['whose hook reported prompts and no message', ['hooked']],
    ['that gave receipts', ['heard']],
  ])('is sent again, marked, after one %s', (_what, facts) => {
    const { recovery, counts } = afterSession((session) => {
      for (const fact of facts) session.evidence.note(fact, SENT + 500)
    })
    expect([recovery, counts]).toEqual([{ again: 2, givenUp: 0, presumed: 0 }, { received: 2 }])
  })

  test('is sent again though the model answered a message, if it knew that one from a list alone', () => {
    const { recovery } = afterSession((session, [, last]) => {
      if (last !== undefined) session.markAnswered(last.ord)
    })
    expect(recovery).toMatchObject({ again: 1, presumed: 0 })
  })
})

test('what is presumed stays presumed until there is proof or an answer', () => {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  const page = entries(3)
  first.of(A).storePage(page, cursor(), SENT)
  const batch = first.nextBatch([A], 10, 1_000_000, SENT)
  first.markSending(batch)
  for (const [index, message] of batch.entries()) first.markSent([message], SENT + index)
  const last = batch.at(-1)
  if (last === undefined) throw new Error('no message')
  first.evidence.noteAnswered(last.ord, SENT)
  first.markAnswered(last.ord)
  first.close()
  for (let n = 0; n < 3; n++) {
    const next = openLedger(folder.file('ledger.db'))
    recover(next.of(A), SENT)
    expect(next.inbox.counts(A)).toEqual({ presumed: 2, answered: 1 })
    next.close()
  }
  const later = openLedger(folder.file('ledger.db'))
  expect(later.markConfirmed(A, page[0]?.activityId ?? '')).toBe(true)
  expect(later.inbox.counts(A)).toEqual({ presumed: 1, confirmed: 1, answered: 1 })
  later.close()
})

describe('a message that no session could show', () => {
  /** Starts a session that writes the message and ends, `times` times. */
  function sessions(times: number, path: string, facts: readonly Fact[], apartMs: number): readonly number[] {
    const written: number[] = []
    for (let n = 0; n < times; n++) {
      const ledger = openLedger(path)
      const now = SENT + n * apartMs
      recover(ledger.of(A), now)
      const batch = ledger.nextBatch([A], 10, 1_000_000, now)
      ledger.markSending(batch)
      ledger.markSent(batch, now)
      for (const fact of facts) ledger.evidence.note(fact, now)
      written.push(batch.length)
      ledger.close()
    }
    return written
  }

  test.each<[string, readonly Fact[], number]>([
    ['deaf sessions, which a user typed into', ['hooked'], 40],
    ['starts that no hook tells of', [], MAX_UNSURE_ATTEMPTS],
  ])('is written by the next one after any number of %s, days apart', (_what, facts, starts) => {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    const first = openLedger(path)
    first.of(A).storePage(entries(1), cursor(), SENT)
    first.close()
    const twoDays = 2 * REDELIVER_WITHIN_MS
    expect(sessions(starts, path, facts, twoDays)).toEqual(Array(starts).fill(1))
    const next = openLedger(path)
    recover(next.of(A), SENT + starts * twoDays)
    const [message] = next.nextBatch([A], 10, 1_000_000, SENT + starts * twoDays)
    // Still marked: nothing proves that it was not shown.
    expect(message?.attempts).toBe(starts)
    next.close()
  })

  test('is written to hosts that may show it as often as if the deaf ones had not been there', () => {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    const first = openLedger(path)
    first.of(A).storePage(entries(1), cursor(), SENT)
    first.close()
    sessions(5, path, ['hooked'], 0)
    expect(sessions(MAX_ATTEMPTS + 1, path, ['heard'], 0)).toEqual([1, 1, 1, 0])
  })

  test('is confirmed by a late receipt although it waits to be shown again', () => {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    const first = openLedger(path)
    const [only] = entries(1)
    if (only === undefined) throw new Error('no entry')
    first.of(A).storePage([only], cursor(), SENT)
    first.close()
    sessions(1, path, [], 0)
    const next = openLedger(path)
    recover(next.of(A), SENT)
    expect(next.markConfirmed(A, only.activityId)).toBe(true)
    expect(next.nextBatch([A], 10, 1_000_000, SENT)).toEqual([])
    next.close()
  })

  test('may be written again by its own session once that is renewed', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(1), cursor(), SENT)
    const batch = ledger.nextBatch([A], 10, 1_000_000, SENT)
    ledger.markSending(batch)
    ledger.markSent(batch, SENT)
    ledger.evidence.note('hooked', SENT)
    expect(recover(ledger.of(A), SENT).again).toBe(0)
    ledger.renew()
    expect(recover(ledger.of(A), SENT).again).toBe(1)
    ledger.close()
  })
})

describe('what this session sent without any sign of receipt', () => {
  test('is counted by workspace and by time, without what was confirmed or what another session sent', () => {
    using folder = temporaryFolder()
    const earlier = openLedger(folder.file('ledger.db'))
    for (const workspaceId of [A, B]) earlier.of(workspaceId).storePage(entries(3), undefined, SENT)
    const [own, ...rest] = earlier.nextBatch([A], 10, 1_000_000, SENT)
    if (own === undefined) throw new Error('no message')
    earlier.markSending([own])
    earlier.markSent([own], SENT)
    const ledger = openLedger(folder.file('ledger.db'))
    ledger.markSending(rest)
    ledger.markSent(rest, SENT)
    const count = (workspaces: readonly string[], before: number): number =>
      ledger.evidence.unconfirmed(workspaces, 0, before)
    expect([count([A], SENT), count([A], SENT + 1), count([B], SENT + 1), count([], SENT + 1)]).toEqual([
      0, 2, 0, 0,
    ])
    expect(ledger.evidence.unconfirmed([A], SENT, SENT + 1)).toBe(0)
    ledger.markConfirmed(A, rest[0]?.activityId ?? '')
    expect(count([A, B], SENT + 1)).toBe(1)
    ledger.close()
    earlier.close()
  })
})

describe('a log that cannot be flushed now', () => {
  /** Counts the flushes that were tried; all of them fail until it is mended. */
  class UnflushedDisk implements Disk {
    isFull = true
    tries = 0

    readonly doJob = systemDisk.doJob
    readonly open = diskWith((db) => ({
      checkpoint: async () => {
        this.tries++
        if (this.isFull) throw new Error('database or disk is full')
        return db.checkpoint()
      },
    })).open
  }

  test('keeps no holder from what it took over, and is flushed at a later look', async () => {
    using folder = temporaryFolder()
    const first = openLedger(folder.file('ledger.db'))
    first.of(A).storePage(entries(1), cursor(), SENT)
    first.close()
    const disk = new UnflushedDisk()
    const next = openLedger(folder.file('ledger.db'), { disk })
    const workspace = next.of(A)
    expect(recover(workspace, SENT)).toEqual({ again: 0, givenUp: 0, presumed: 0 })
    await workspace.flushing
    workspace.touch(SENT)
    await workspace.flushing
    expect(disk.tries).toBe(2)
    disk.isFull = false
    workspace.storePage([], cursor(), SENT)
    await workspace.flushing
    workspace.touch(SENT)
    expect(disk.tries).toBe(3)
    next.close()
  })

  test('does not hide that a first page was stored', () => {
    using folder = temporaryFolder()
    const disk = new UnflushedDisk()
    const ledger = openLedger(folder.file('ledger.db'), { disk })
    expect(ledger.of(A).storePage(entries(2), cursor(), SENT)).toBe(2)
    expect(disk.tries).toBe(1)
    ledger.close()
  })
})
