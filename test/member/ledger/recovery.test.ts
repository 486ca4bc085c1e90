import { describe, expect, test } from 'bun:test'
import { type Disk, systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { PRESUME_AFTER_MS } from '../../../member/ledger/recovery.ts'
import type { Fact } from '../../../member/ledger/session-evidence.ts'
import { diskWith } from '../../fixtures/disk.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const A = 'workspace-a'
const B = 'workspace-b'
/** When the first session sent. */
const SENT = 1_800_000_000_000

interface Past {
  readonly facts?: readonly Fact[]
  /** Milliseconds from the sending to the last sign of life of that session. */
  readonly lived?: number
  readonly state?: 'sending' | 'sent'
}

/** What the next session finds, and makes of it, after one that sent two messages to each of two workspaces. */
function afterSession({ facts = [], lived = PRESUME_AFTER_MS, state = 'sent' }: Past) {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  for (const workspaceId of [A, B]) first.of(workspaceId).storePage(entries(2), undefined, SENT)
  const batch = first.nextBatch([A, B], 10, 1_000_000, SENT)
  first.markSending(batch)
  if (state === 'sent') first.markSent(batch, SENT)
  for (const fact of facts) first.evidence.note(fact, SENT)
  for (const workspaceId of [A, B]) {
    first.of(workspaceId).storePage([], cursor({ checkedAt: SENT + lived }), SENT + lived)
  }
  first.close()
  const next = openLedger(folder.file('ledger.db'))
  const recovery = recover(next.of(A), SENT + lived + 1_000)
  const found = { recovery, counts: next.inbox.counts(A), other: next.inbox.counts(B) }
  const unanswered = next.inbox.list({ workspaceIds: [A], states: ['presumed'], limit: 10 }).total
  next.close()
  return { ...found, unanswered }
}

const DEAF_HOOKS: readonly Fact[] = ['prompted', 'with_channel']

describe('what a session sent that had the channel, a person and no receipt', () => {
  test('is presumed seen: not sent again, and still in the inbox', () => {
    const { recovery, counts, other, unanswered } = afterSession({ facts: DEAF_HOOKS })
    expect(recovery).toEqual({ again: 0, givenUp: 0, presumed: 2 })
    expect([counts, unanswered]).toEqual([{ presumed: 2 }, 2])
    // Each workspace is judged when it is taken over.
    expect(other).toEqual({ sent: 2 })
  })

  test('is sent again if that session ended so soon that its host may still have queued it', () => {
    const { recovery, counts } = afterSession({ facts: DEAF_HOOKS, lived: PRESUME_AFTER_MS - 1 })
    expect([recovery.presumed, recovery.again, counts]).toEqual([0, 2, { received: 2 }])
  })

  test('is sent again if a crash interrupted the sending', () => {
    const { recovery } = afterSession({ facts: DEAF_HOOKS, state: 'sending' })
    expect([recovery.presumed, recovery.again]).toEqual([0, 2])
  })
})

test.each<[string, readonly Fact[]]>([
  ['gave receipts, so that a missing one means something', [...DEAF_HOOKS, 'receipted']],
  ['nobody is known to have been at', ['with_channel']],
  ['is not known to have had the channel', ['prompted']],
  ['nothing is known of', []],
])('what a session sent that %s is sent again', (_what, facts) => {
  const { recovery, counts } = afterSession({ facts })
  expect([recovery.presumed, recovery.again, counts]).toEqual([0, 2, { received: 2 }])
})

test('what is presumed stays presumed until there is proof or an answer', () => {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  const page = entries(2)
  first.of(A).storePage(page, cursor({ checkedAt: SENT + PRESUME_AFTER_MS }), SENT)
  const batch = first.nextBatch([A], 10, 1_000_000, SENT)
  first.markSending(batch)
  first.markSent(batch, SENT)
  for (const fact of DEAF_HOOKS) first.evidence.note(fact, SENT)
  first.close()
  for (let n = 0; n < 3; n++) {
    const next = openLedger(folder.file('ledger.db'))
    recover(next.of(A), SENT + PRESUME_AFTER_MS)
    expect(next.inbox.counts(A)).toEqual({ presumed: 2 })
    next.close()
  }
  const last = openLedger(folder.file('ledger.db'))
  expect(last.markConfirmed(A, page[0]?.activityId ?? '')).toBe(true)
  expect(last.inbox.counts(A)).toEqual({ presumed: 1, confirmed: 1 })
  last.close()
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
      ledger.evidence.unconfirmed(workspaces, before)
    expect([count([A], SENT), count([A], SENT + 1), count([B], SENT + 1), count([], SENT + 1)]).toEqual([
      0, 2, 0, 0,
    ])
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
