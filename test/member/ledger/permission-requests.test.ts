import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { migrate } from '../../../member/ledger/ledger-schema.ts'
import { type Decision, MAX_OPEN, OPEN_FOR_MS } from '../../../member/ledger/permission-requests.ts'
import { entry } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const NOW = 1_800_000_000_000
const DAY = 24 * 60 * 60_000

const question = (requestId = 'abcde', workspaceId = A) => ({ workspaceId, requestId, tool: 'Bash' })

/** A message as the feed stores it. */
function message(ledger: Ledger, workspaceId: string, now: number) {
  const row = entry()
  ledger.of(workspaceId).storePage([row], undefined, now)
  const stored = ledger.find(row.activityId, [workspaceId])
  if (stored === undefined) throw new Error('the message was not stored')
  return stored
}

function decide(
  ledger: Ledger,
  requestId: string,
  state: 'allowed' | 'denied',
  now: number,
  workspaceId = A,
): Decision {
  return ledger.permissions.decide(message(ledger, workspaceId, now), requestId, state, now)
}

const SETTLED = { kind: 'settled', requestId: 'abcde', tool: 'Bash' } as const
const TAKEN = { workspaceId: A, requestId: 'abcde', tool: 'Bash' }

describe('a verdict', () => {
  test('counts once, the first time', () => {
    const ledger = openLedger()
    expect(ledger.permissions.add(question(), NOW)).toBe('added')
    expect(decide(ledger, 'abcde', 'denied', NOW + 1)).toEqual({
      kind: 'recorded',
      requestId: 'abcde',
      tool: 'Bash',
    })
    expect(decide(ledger, 'abcde', 'allowed', NOW + 2)).toEqual({ ...SETTLED, state: 'denied' })
    expect(ledger.permissions.takeVerdicts()).toEqual([{ ...TAKEN, state: 'denied' }])
    expect(ledger.permissions.takeVerdicts()).toEqual([])
  })

  test('is recorded together with its message, or not at all', () => {
    using folder = temporaryFolder()
    const ledger = openLedger(folder.file('ledger.db'))
    ledger.permissions.add(question(), NOW)
    const stored = message(ledger, A, NOW)
    const saboteur = new Database(folder.file('ledger.db'))
    saboteur.run(
      "CREATE TRIGGER sabotage BEFORE UPDATE ON permission_request BEGIN SELECT raise(ABORT, 'no room'); END",
    )
    expect(() => ledger.permissions.decide(stored, 'abcde', 'allowed', NOW)).toThrow('no room')
    expect(ledger.find(stored.activityId, [A])?.state).toBe('received')
    saboteur.run('DROP TRIGGER sabotage')
    expect(ledger.permissions.decide(stored, 'abcde', 'allowed', NOW)).toMatchObject({ kind: 'recorded' })
    expect(ledger.find(stored.activityId, [A])).toBeUndefined()
    expect(ledger.inbox.counts(A)).toEqual({ skipped: 1 })
    saboteur.close()
    ledger.close()
  })

  test('on a question of another workspace, or on none, is unknown and leaves its message as it is', () => {
    const ledger = openLedger()
    ledger.permissions.add(question(), NOW)
    expect(decide(ledger, 'abcde', 'allowed', NOW, B)).toEqual({ kind: 'unknown' })
    expect(decide(ledger, 'zzzzz', 'allowed', NOW)).toEqual({ kind: 'unknown' })
    expect([ledger.inbox.counts(A), ledger.inbox.counts(B)]).toEqual([{ received: 1 }, { received: 1 }])
    expect(ledger.permissions.waiting(NOW)).toBe(true)
  })

  test('comes too late after ten minutes', () => {
    const ledger = openLedger()
    ledger.permissions.add(question(), NOW)
    ledger.permissions.add(question('fghij'), NOW)
    const end = NOW + OPEN_FOR_MS
    expect([OPEN_FOR_MS, ledger.permissions.waiting(end - 1), ledger.permissions.waiting(end)]).toEqual([
      600_000,
      true,
      false,
    ])
    expect(decide(ledger, 'fghij', 'allowed', end - 1)).toMatchObject({ kind: 'recorded' })
    expect(decide(ledger, 'abcde', 'allowed', end)).toEqual({ ...SETTLED, state: 'expired' })
    expect(ledger.permissions.takeVerdicts()).toHaveLength(1)
  })

  test('comes too late once the host has moved on', () => {
    const ledger = openLedger()
    ledger.permissions.add(question(), NOW)
    ledger.permissions.close('elsewhere')
    expect(decide(ledger, 'abcde', 'allowed', NOW)).toEqual({ ...SETTLED, state: 'elsewhere' })
    expect([ledger.permissions.takeVerdicts(), ledger.permissions.waiting(NOW)]).toEqual([[], false])
  })

  test('does not apply to a question that is younger, even one with the same id', () => {
    const ledger = openLedger()
    ledger.permissions.add(question(), NOW)
    const early = message(ledger, A, NOW + 1)
    expect(ledger.permissions.add(question(), NOW + DAY)).toBe('known')
    expect(ledger.permissions.add(question(), NOW + DAY + 1)).toBe('added')
    expect(ledger.permissions.decide(early, 'abcde', 'allowed', NOW + DAY + 2)).toEqual({ kind: 'unknown' })
    expect(ledger.permissions.takeVerdicts()).toEqual([])
  })
})

describe('between sessions', () => {
  test('a verdict goes to the session that asked, which alone closes its questions', () => {
    using folder = temporaryFolder()
    const [asks, reads] = [openLedger(folder.file('ledger.db')), openLedger(folder.file('ledger.db'))]
    asks.permissions.add(question(), NOW)
    reads.permissions.close('elsewhere')
    expect([asks.permissions.waiting(NOW), reads.permissions.waiting(NOW)]).toEqual([true, false])
    expect(decide(reads, 'abcde', 'allowed', NOW)).toMatchObject({ kind: 'recorded' })
    expect(reads.permissions.takeVerdicts()).toEqual([])
    expect(asks.permissions.takeVerdicts()).toEqual([{ ...TAKEN, state: 'allowed' }])
    expect(reads.permissions.giveUp(A, 'abcde')).toBe(false)
    asks.close()
    reads.close()
  })

  test('a verdict that nobody took can be given up, and not taken after that', () => {
    const ledger = openLedger()
    ledger.permissions.add(question(), NOW)
    decide(ledger, 'abcde', 'allowed', NOW)
    expect(ledger.permissions.giveUp(A, 'abcde')).toBe(true)
    expect(ledger.permissions.takeVerdicts()).toEqual([])
    expect(decide(ledger, 'abcde', 'allowed', NOW)).toEqual({ ...SETTLED, state: 'expired' })
  })
})

test('at most fifty questions are open; one that ends makes room', () => {
  const ledger = openLedger()
  const name = (n: number): string =>
    `aa${String.fromCharCode(97 + Math.floor(n / 10))}a${String.fromCharCode(97 + (n % 10))}`
  for (let n = 0; n < MAX_OPEN; n++) expect(ledger.permissions.add(question(name(n)), NOW)).toBe('added')
  expect([MAX_OPEN, ledger.permissions.add(question('zzzzz'), NOW)]).toEqual([50, 'full'])
  decide(ledger, name(0), 'allowed', NOW)
  expect(ledger.permissions.add(question('zzzzz'), NOW)).toBe('added')
  expect(ledger.permissions.add(question('zzzzy'), NOW + OPEN_FOR_MS)).toBe('added')
})

test('a ledger of the second version is migrated', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const older = systemDisk.open(path)
  migrate(older, 2)
  older.close()
  const ledger = openLedger(path)
  expect(ledger.permissions.add(question(), NOW)).toBe('added')
  expect(ledger.permissions.takeVerdicts()).toEqual([])
  ledger.close()
})
