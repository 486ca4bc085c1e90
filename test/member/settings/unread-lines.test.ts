import { describe, expect, test } from 'bun:test'
import { configOf, MINIMAL, TOKEN_A, warningsOf } from '../../fixtures/config.ts'

describe('a line of the .env file that the parser steps over', () => {
  test('is told by its number and name', () => {
    const text = '# mine\n\uFEFF\nMOLECULE_PLATFORM_URL http://127.0.0.1:8080\n'
    expect(warningsOf(MINIMAL, text)).toEqual([
      'Line 3 (MOLECULE_PLATFORM_URL) of the .env file has no effect, since no "=" follows the name: write NAME="value".',
    ])
    expect(warningsOf(MINIMAL, '\uFEFFexport MOLECULE_AGENT_NAME\r\n  MOLECULE_ORG_ID:x\r\n')).toEqual([
      'Lines 1 (MOLECULE_AGENT_NAME), 2 (MOLECULE_ORG_ID) of the .env file have no effect, since no "=" follows the name: write NAME="value".',
    ])
  })

  test('is told by the longest known name it begins with', () => {
    expect(warningsOf(MINIMAL, 'MOLECULE_PLATFORM_URLS x')[0]).toStartWith(
      'Line 1 (MOLECULE_PLATFORM_URLS) of',
    )
  })

  test('is never quoted: what follows the name, or is glued to it, may be a token', () => {
    const tokens = 'MOLECULE_WORKSPACE_TOKENS'
    for (const line of [
      `${tokens} ${TOKEN_A}`,
      `${tokens} ${TOKEN_A}=`,
      `${tokens}:${TOKEN_A}`,
      `${tokens}${TOKEN_A}`,
      `${tokens}ABCDEFGH`,
    ]) {
      const [sentence = '', ...others] = warningsOf(MINIMAL, line)
      expect(others).toEqual([])
      expect(sentence).toStartWith(`Line 1 (${tokens}) of`)
    }
  })

  test('is not what is read, or stands within the quotes of a value', () => {
    const text = [
      'MOLECULE_AGENT_DESC="one',
      'MOLECULE_B 7',
      'three"',
      'MOLECULE_AGENT_NAME: read as well',
      '# MOLECULE_ORG_ID a comment',
      'OTHER thing',
    ].join('\n')
    expect(warningsOf(MINIMAL, text)).toEqual([])
    expect(configOf(MINIMAL, text).agentName).toBe('read as well')
  })

  test('is one of a few that are named, however many there are', () => {
    const [sentence = '', ...others] = warningsOf(MINIMAL, 'MOLECULE_ORG_ID x\n'.repeat(50))
    expect(others).toEqual([])
    expect(sentence).toContain('8 (MOLECULE_ORG_ID), and 42 more of the .env file')
  })
})
