import { describe, expect, test } from 'bun:test'
import { type SessionView, statusReport, type WorkspaceView } from '../../channel/status-report.ts'
import { parseConfig } from '../../config.ts'
import { HOME, ID_A, ID_B, MINIMAL, TOKEN_A } from '../fixtures/config.ts'

const NOW = Date.parse('2026-07-01T10:00:00Z')
const workspace = (more: Partial<WorkspaceView> = {}): WorkspaceView => ({
  workspaceId: ID_A,
  platformUrl: 'https://tenant-a.example.com',
  held: true,
  registered: true,
  live: true,
  lastReadAt: NOW - 2_000,
  lastBeatAt: undefined,
  lastError: undefined,
  dead: undefined,
  counts: { received: 1, sending: 2, sent: 3, confirmed: 4, answered: 5, skipped: 6 },
  ...more,
})
const view = (more: Partial<SessionView> = {}): SessionView => ({
  version: '1.2.3',
  envFile: '/state/.env',
  logFile: '/state/channel.log',
  redact: (text) => text,
  config: parseConfig(MINIMAL, undefined, HOME),
  folderProblem: undefined,
  active: true,
  clientName: 'claude-code',
  hearing: { mayHold: true, because: 'the host was started with this channel' },
  holder: undefined,
  memberships: [workspace()],
  pid: 42,
  now: NOW,
  ...more,
})
const shown = (more: Partial<SessionView> = {}): string => statusReport(view(more))

describe('the line "receiving"', () => {
  const lineOf = (more: Partial<SessionView>): string => /^receiving: .*$/m.exec(shown(more))?.[0] ?? ''
  const holder = { pid: 7, startedAt: NOW, project: '/home/\u001b[2Jada' }

  test('says yes only when every workspace is held here', () => {
    expect(lineOf({})).toBe('receiving: yes (the host was started with this channel)')
    expect(lineOf({ memberships: [] })).toStartWith('receiving: no')
    expect(lineOf({ memberships: [workspace({ held: false })] })).toStartWith(
      'receiving: no; another session',
    )
    const half = [workspace(), workspace({ workspaceId: ID_B, held: false })]
    expect(lineOf({ memberships: half })).toStartWith('receiving: 1 of 2 workspaces')
  })

  test('says why not', () => {
    expect(lineOf({ active: false })).toContain('has not finished connecting')
    expect(lineOf({ hearing: { mayHold: false, because: 'MOLECULE_CHANNEL is off' } })).toBe(
      'receiving: no, MOLECULE_CHANNEL is off',
    )
    expect(lineOf({ config: parseConfig({}, undefined, HOME) })).toBe('receiving: no')
  })

  test('names the session that does, cleaned of what steers a terminal', () => {
    const line = lineOf({ holder, memberships: [workspace({ held: false })] })
    expect(line).toContain('the session with pid 7 (/home/ [2Jada), started 2026-07-01T10:00:00.000Z')
  })
})

test('a configuration that is not valid is shown with what is missing and the remedy', () => {
  const text = shown({ config: parseConfig({}, undefined, HOME), memberships: [] })
  expect(text).toContain('configuration: NOT VALID (/state/.env)\n  - ')
  expect(text).toContain('/molecule:configure')
})

test('a workspace is shown with presence, messages and last error', () => {
  const text = shown({ memberships: [workspace({ lastError: 'HTTP 500', dead: 'it was deleted' })] })
  expect(text).toContain('held here, GIVEN UP, event stream open, last read 2 s ago, last heartbeat never')
  expect(text).toContain('messages: 3 waiting, 7 shown and not answered, 5 answered, 6 not for the model')
  expect(text).toContain('last error: HTTP 500')
  expect(text).toContain('given up: it was deleted')
})

test('a hundred workspaces are one screen', () => {
  const text = shown({ memberships: Array.from({ length: 100 }, () => workspace()) })
  expect(text).toContain('… and 88 more workspaces')
  expect(text.split('\n').length).toBeLessThan(50)
})

test('all of it passes the redaction, and no token is in it before', () => {
  expect(shown()).not.toContain(TOKEN_A)
  expect(shown({ redact: () => 'redacted' })).toBe('redacted')
})
