import { describe, expect, test } from 'bun:test'
import { MAX_COUNTED } from '../../../../member/ledger/inbox.ts'
import { parseConfig } from '../../../../member/settings/config.ts'
import { type SessionView, statusReport } from '../../../../plugin/host/report/status-report.ts'
import { HOME, ID_A, ID_B, MINIMAL, TOKEN_A } from '../../../fixtures/config.ts'
import { NOW, workspaceView as workspace } from '../../../fixtures/workspace-view.ts'

const view = (more: Partial<SessionView> = {}): SessionView => ({
  version: '1.2.3',
  envFile: '/state/.env',
  hasEnvFile: true,
  relays: false,
  logFile: '/state/channel.log',
  redact: (text) => text,
  config: parseConfig(MINIMAL, undefined, HOME),
  folderProblem: undefined,
  deliveryProblem: undefined,
  logProblem: undefined,
  active: true,
  clientName: 'claude-code',
  doorbell: undefined,
  hearing: { mayHold: true, certain: true, because: 'the host was started with this channel' },
  unproven: false,
  unheard: 0,
  workspaces: [workspace()],
  findings: [],
  pid: 42,
  now: NOW,
  ...more,
})
const shown = (more: Partial<SessionView> = {}): string => statusReport(view(more))

describe('the line "receiving"', () => {
  const lineOf = (more: Partial<SessionView>): string => /^receiving: .*$/m.exec(shown(more))?.[0] ?? ''
  const holder = { pid: 7, startedAt: NOW, project: '/home/\u001b[2Jada' }
  const elsewhere = { held: false, elsewhere: true, holder }

  test('says yes only if this session holds every workspace', () => {
    expect(lineOf({})).toBe('receiving: yes (the host was started with this channel)')
    expect(lineOf({ workspaces: [workspace({ held: false })] })).toBe('receiving: no, starting')
    expect(lineOf({ workspaces: [workspace({ ...elsewhere, holder: undefined })] })).toStartWith(
      'receiving: no; another session receives',
    )
    const half = [workspace(), workspace({ workspaceId: ID_B, ...elsewhere })]
    expect(lineOf({ workspaces: half })).toStartWith(
      `receiving: 1 of 2 workspaces; the session with pid 7 (/home/ada) receives for ${ID_B}, and`,
    )
  })

  test('says why not, how to start one that does, and who receives', () => {
    expect(lineOf({ active: false })).toContain('has not finished connecting')
    const hearing = { mayHold: false, certain: true, because: 'MOLECULE_CHANNEL is off', remedy: 'do this' }
    expect(lineOf({ hearing })).toBe('receiving: no, MOLECULE_CHANNEL is off; do this')
    expect(lineOf({ hearing, workspaces: [workspace(elsewhere)] })).toBe(
      'receiving: no, MOLECULE_CHANNEL is off; do this; the session with pid 7 (/home/ada) receives',
    )
    expect(lineOf({ config: parseConfig({}, undefined, HOME) })).toBe('receiving: no')
    expect(lineOf({ folderProblem: 'it is a file' })).toBe('receiving: no, the state folder cannot be used')
    expect(lineOf({ deliveryProblem: 'the disk is full' })).toBe(
      'receiving: no, messages cannot be shown: the disk is full',
    )
    const fault = workspace({ held: false, dead: 'it stopped by a fault' })
    expect(lineOf({ workspaces: [fault] })).toBe('receiving: no, the workspace is given up: see below')
  })

  test('says that the log cannot be written', () => {
    expect(shown({ logProblem: 'no space left' })).toContain(' (cannot be written: no space left)')
  })

  describe('while this session holds them all', () => {
    const good = workspace()
    const dead = workspace({ dead: 'it was deleted', failing: true })
    const failing = workspace({ failing: true, lastError: 'HTTP 500' })
    const refused = workspace({ failing: true, lastReadAt: undefined })
    const unread = workspace({ lastReadAt: undefined })
    test.each([
      ['yes (', [workspace({ lastError: 'it cannot register' })]],
      ['yes, but 1 of 2 workspaces is given up: see below (', [good, dead]],
      [
        'yes, but 2 of 4 workspaces cannot be read, 1 has not been read yet: see below (',
        [failing, refused, unread, good],
      ],
      ['no, the workspace is given up: see below', [dead]],
      ['no, the workspace cannot be read: see below', [refused]],
      ['no, 2 of 3 workspaces are given up, 1 cannot be read: see below', [dead, failing, dead]],
      ['not yet, the workspace has not been read yet: see below', [unread]],
      ['not yet, 1 of 2 workspaces is given up, 1 has not been read yet: see below', [dead, unread]],
    ])('says "%s"', (expected, workspaces) => {
      expect(lineOf({ workspaces })).toStartWith(`receiving: ${expected}`)
    })
  })

  test('does not count workspaces that are held here but cannot be read', () => {
    const other = workspace({ workspaceId: ID_B, ...elsewhere })
    expect(lineOf({ workspaces: [workspace({ failing: true }), other] })).toStartWith(
      `receiving: no, 1 of 2 workspaces cannot be read: see below; the session with pid 7`,
    )
  })

  test('doubts that the host listens only if messages were sent and prompts reach the hook', () => {
    const doubt = 'no sign yet that the host shows messages, though 3 were sent'
    expect(shown({ unproven: true })).toContain(doubt)
    const one = workspace({ counts: { sent: 1 } })
    expect(shown({ unproven: true, workspaces: [one] })).toContain('though 1 was sent')
    expect(shown({ unproven: true, workspaces: [workspace({ counts: {} })] })).not.toContain('no sign yet')
    expect(shown()).not.toContain('no sign yet')
    const unheard = shown({ unproven: true, unheard: 2 })
    expect(unheard).toContain(
      'the host has not shown 2 messages sent over 30 s ago, though it passes prompts on',
    )
    expect(unheard).not.toContain('no sign yet')
  })
})

test('an invalid configuration is shown with its problems and the remedy', () => {
  const text = shown({ config: parseConfig({}, undefined, HOME), workspaces: [] })
  expect(text).toContain('configuration: NOT VALID (/state/.env)\n  - ')
  const warned = parseConfig({ MOLECULE_LOG_LEVEL: 'loud' }, undefined, HOME)
  expect(shown({ config: warned })).toContain('  - MOLECULE_LOG_LEVEL is "loud"')
  expect(text).toContain('/molecule:configure')
})

test('without a file the report says that the settings come from the environment', () => {
  const source = '(environment; there is no /state/.env)'
  expect(shown({ hasEnvFile: false })).toContain(
    `configuration: 1 workspace on https://tenant-a.example.com ${source}`,
  )
  expect(shown({ hasEnvFile: false, config: parseConfig({}, undefined, HOME) })).toContain(
    `configuration: NOT VALID ${source}`,
  )
  expect(shown()).toContain('(/state/.env)')
})

test('while the relay is on the report says where permission requests are posted', () => {
  const config = parseConfig({ ...MINIMAL, MOLECULE_PERMISSION_RELAY: 'canvas' }, undefined, HOME)
  expect(shown({ config, relays: true })).toContain(
    `permission requests: posted to the chat of workspace ${ID_A} (the first configured one)`,
  )
  expect(shown({ config })).toContain('permission requests: not posted, since')
  expect(shown({ relays: true })).not.toContain('permission requests')
})

test('a workspace is shown with presence, messages and last error', () => {
  const text = shown({ workspaces: [workspace({ lastError: 'HTTP 500', dead: 'it was deleted' })] })
  expect(text).toContain('held here, GIVEN UP, event stream open, last read 2 s ago, first heartbeat in 30 s')
  expect(text).toContain(
    'messages: 3 waiting, 4 shown but not answered, 5 answered, 6 not for the model, 3 sent',
  )
  expect(text).toContain('last error: HTTP 500')
  expect(text).toContain('given up: it was deleted')
})

test('a workspace whose feed is read slowly is shown with the reason', () => {
  expect(shown({ workspaces: [workspace({ slowed: 20_100 })] })).toContain(
    '  inbox read slowly: its last 20100 rows were not for the model, and there are more',
  )
})

test('the questions that wait for a person are named, the oldest first, and no more than three of them', () => {
  const question = (n: number, state: 'open' | 'closing' = 'open') => ({
    id: `q${n}`,
    title: `question </channel> ${n}`,
    askedAt: NOW - n * 1_000,
    state,
  })
  const questions = [question(9, 'closing'), question(8), question(7), question(6), question(5)]
  expect(shown({ workspaces: [workspace({ questions })] })).toMatch(
    / {2}4 questions to the person not answered: "question .* 8" \(request_id q8, asked 8 s ago\), .*q7.*, .*q6.*, and 1 more\n/,
  )
  expect(shown({ workspaces: [workspace({ questions: [] })] })).not.toContain('to the person')
})

test('a number that the ledger does not count to its end is shown as the least it can be', () => {
  const counts = { sent: 3, confirmed: MAX_COUNTED, skipped: MAX_COUNTED }
  expect(shown({ workspaces: [workspace({ counts, notAllowed: 7 })] })).toContain(
    'messages: 0 waiting, at least 1000 shown but not answered, 0 answered, at least 993 not for the model, 3 sent and not confirmed, 7 skipped',
  )
})

test.each([
  [{ lastBeatAt: NOW - 3_000 }, 'last heartbeat 3 s ago'],
  [{ firstBeatAt: NOW - 1 }, 'no heartbeat accepted yet'],
  [{ firstBeatAt: undefined }, 'heartbeat off'],
  [{ firstBeatAt: undefined, registered: false }, 'no heartbeat yet'],
])('the heartbeat of %p reads "%s"', (more, expected) => {
  expect(shown({ workspaces: [workspace(more)] })).toContain(`, ${expected}\n`)
})

test('the holder of a workspace is shown with pid, project folder and start', () => {
  const holder = { pid: 7, startedAt: NOW - 60_000, project: '/home/ada' }
  const since = 'since 2026-07-01T09:59:00.000Z'
  expect(shown({ workspaces: [workspace({ holder })] })).toContain(`held here ${since}, registered`)
  const other = workspace({ held: false, elsewhere: true, holder })
  expect(shown({ workspaces: [other] })).toContain(
    `\n  held by the session with pid 7 (/home/ada) ${since}\n`,
  )
  expect(shown({ workspaces: [workspace({ held: false })] })).toContain('\n  held by no session\n')
})

test('skipped, held back and presumed messages are counted if there are any', () => {
  const counts = { skipped: 9, held: 2, presumed: 3 }
  expect(shown({ workspaces: [workspace({ counts, notAllowed: 4 })] })).toContain(
    '0 answered, 5 not for the model, 3 presumed shown, 2 held back because a peer writes too fast, 4 skipped because of MOLECULE_ALLOWED_SENDERS',
  )
})

test('a hundred workspaces fit on one screen', () => {
  const text = shown({ workspaces: Array.from({ length: 100 }, () => workspace()) })
  expect(text).toContain('… and 88 more workspaces')
  expect(text.split('\n').length).toBeLessThan(50)
})

test('the whole report is redacted, and holds no token even before', () => {
  expect(shown()).not.toContain(TOKEN_A)
  expect(shown({ redact: () => 'redacted' })).toBe('redacted')
})
