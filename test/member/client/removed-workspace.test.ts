import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatRemovedWorkspaceError } from '../../../member/client/removed-workspace.ts'

const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const OTHER = '11111111-2222-4333-8444-555555555555'

describe('formatRemovedWorkspaceError', () => {
  test("gives the workspace, the time and the platform's hint", () => {
    const body = { id: ID, removed_at: '2026-07-01T10:00:00Z', hint: 'Ask your admin.' }
    expect(formatRemovedWorkspaceError(ID, body)).toBe(
      `Workspace ${ID} was deleted on the platform at 2026-07-01T10:00:00Z. Ask your admin.`,
    )
  })

  test('without a body, names the requested workspace and says what to do', () => {
    for (const body of [undefined, null, {}]) {
      const message = formatRemovedWorkspaceError(ID, body)
      expect(message).toStartWith(`Workspace ${ID} was deleted on the platform. `)
      expect(message).toContain('token')
      expect(message).toContain('.env')
      expect(message).toContain('/molecule:configure')
    }
  })

  test('prefers the id in the body', () => {
    expect(formatRemovedWorkspaceError(ID, { id: OTHER })).toStartWith(`Workspace ${OTHER} was deleted`)
  })

  test('ignores fields that are empty or not strings', () => {
    const plain = formatRemovedWorkspaceError(ID, null)
    expect(formatRemovedWorkspaceError(ID, { id: 7, removed_at: null, hint: { a: 1 } })).toBe(plain)
    expect(formatRemovedWorkspaceError(ID, { id: '', removed_at: ' ', hint: '\n' })).toBe(plain)
  })

  test("removes control and bidirectional characters from the platform's strings", () => {
    const body = { id: `${ID}\u001b[2J`, removed_at: 'now\r\nforged', hint: 'do\u202e this\u0007' }
    expect(formatRemovedWorkspaceError(ID, body)).toBe(
      `Workspace ${ID} [2J was deleted on the platform at now forged. do this`,
    )
  })

  test('is one short line for every body', () => {
    const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.anything())
    fc.assert(
      fc.property(fc.record({ id: value, removed_at: value, hint: value }), (body) => {
        const message = formatRemovedWorkspaceError(ID, body)
        expect(message.length).toBeLessThan(600)
        expect(message).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })
})
