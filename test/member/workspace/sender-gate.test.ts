import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ActivityRow } from '../../../member/client/activity.ts'
import { parseConfig } from '../../../member/settings/config.ts'
import { toEntry } from '../../../member/workspace/feed-entry.ts'
import { mayWrite, NOT_ALLOWED } from '../../../member/workspace/sender-gate.ts'

const OWN = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const PEER = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

function allowed(value: string | undefined) {
  const result = parseConfig(
    {
      MOLECULE_WORKSPACE_IDS: OWN,
      MOLECULE_WORKSPACE_TOKENS: 'a-token-of-a-test',
      MOLECULE_PLATFORM_URL: 'http://localhost:8080',
      ...(value === undefined ? {} : { MOLECULE_ALLOWED_SENDERS: value }),
    },
    undefined,
    '/home/ann',
  )
  if (!result.ok) throw new Error(result.problems.join(' '))
  return { senders: result.config.allowedSenders, warnings: result.warnings }
}

const SENDERS = [
  { kind: 'canvas_user', peerId: null },
  { kind: 'external', peerId: null },
  { kind: 'scheduled', peerId: null },
  { kind: 'peer_agent', peerId: PEER },
  { kind: 'peer_agent', peerId: OTHER },
] as const

const who = (value: string | undefined) => SENDERS.map((sender) => mayWrite(sender, allowed(value).senders))

test.each([
  [undefined, [true, true, true, true, true]],
  ['team', [true, true, true, true, true]],
  [`canvas, team`, [true, true, true, true, true]],
  ['canvas', [true, false, false, false, false]],
  ['External scheduled', [false, true, true, false, false]],
  [`canvas,${PEER.toUpperCase()}`, [true, false, false, true, false]],
] as const)('MOLECULE_ALLOWED_SENDERS=%s lets in whom it names', (value, expected) => {
  expect(who(value)).toEqual([...expected])
})

test('a list that cannot be read lets nobody in, and is reported', () => {
  const { senders, warnings } = allowed('everybody')
  expect(senders).toEqual([])
  expect(warnings).toEqual([
    expect.stringMatching(/^MOLECULE_ALLOWED_SENDERS contains "everybody" but must be/),
  ])
  expect(who('everybody')).toEqual([false, false, false, false, false])
})

test('the result of a task is the word of the peer that did it; of a task that no peer did, it passes', () => {
  expect(mayWrite({ kind: 'delegation_result', peerId: null }, [])).toBeTrue()
  expect(mayWrite({ kind: 'delegation_result', peerId: OTHER }, [PEER])).toBeFalse()
  expect(mayWrite({ kind: 'delegation_result', peerId: PEER }, [PEER])).toBeTrue()
})

test('a message whose sender may not write is recorded without its content', () => {
  const secret = fc.string({ minLength: 8 }).filter((text) => !/^[{}]*$/.test(text))
  fc.assert(
    fc.property(secret, (text) => {
      const row: ActivityRow = {
        id: crypto.randomUUID(),
        source_id: OTHER,
        created_at: '2026-07-01T10:00:00Z',
        request_body: { params: { message: { parts: [{ kind: 'text', text }] } } },
      }
      const entry = toEntry(row, OWN, [PEER])
      expect(entry).toMatchObject({ skipped: NOT_ALLOWED, peerId: OTHER, content: '{}', task: null })
      expect(toEntry({ ...row, source_id: PEER }, OWN, [PEER]).skipped).toBeNull()
    }),
  )
})

test('everyone outside is one crowd, and so is every visitor whom the platform has not checked', () => {
  const row = (metadata: object, more: Partial<ActivityRow> = {}): ActivityRow => ({
    id: 'a',
    created_at: '2026-01-01T00:00:00Z',
    method: 'message/send',
    seq: 1,
    request_body: { params: { message: { parts: [{ kind: 'text', text: 'x' }] }, metadata } },
    ...more,
  })
  const person = { source: 'canvas_user', user_identity_status: 'AUTHENTICATED' }
  expect(toEntry(row({ source: 'telegram' }), OWN).crowd).toBe('external')
  expect(toEntry(row({ source: 'whatever it says' }), OWN).crowd).toBe('external')
  expect(toEntry(row({ source: 'canvas_user' }), OWN).crowd).toBe('visitors')
  expect(toEntry(row(person), OWN).crowd).toBeNull()
  expect(toEntry(row({}, { source_id: PEER }), OWN).crowd).toBeNull()
  // A platform that does not number its rows checks nobody.
  expect(toEntry(row({ source: 'canvas_user' }, { seq: undefined }), OWN).crowd).toBeNull()
})
