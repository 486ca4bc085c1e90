import { describe, expect, test } from 'bun:test'
import { configOf, MINIMAL, TOKEN_A, warningsOf } from '../../fixtures/config.ts'

describe('a name that is not a setting', () => {
  test('gets a warning, in the environment and in the file, with what was probably meant', () => {
    expect(warningsOf({ ...MINIMAL, MOLECULE_POLL_MS: '5' }, 'MOLECULE_WORKSPACE_ID=a\n')).toEqual([
      'The environment sets MOLECULE_POLL_MS, which is not a setting of this plugin: correct or remove it.',
      'The .env file sets MOLECULE_WORKSPACE_ID (did you mean MOLECULE_WORKSPACE_IDS?), which is not a setting of this plugin: correct or remove it.',
    ])
  })

  test('shares one sentence with the others, in the plural', () => {
    expect(warningsOf({ ...MINIMAL, MOLECULE_X: '1', MOLECULE_Y: '2' })).toEqual([
      'The environment sets MOLECULE_X, MOLECULE_Y, which are not settings of this plugin: correct or remove them.',
    ])
  })

  test('is named without its value, and only the first few are', () => {
    const odd = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`MOLECULE_X${index}`, 'a-secret-of-mine']),
    )
    const [sentence = '', ...others] = warningsOf({ ...MINIMAL, ...odd })
    expect(others).toEqual([])
    expect(sentence).toContain('and 92 more')
    expect(sentence).not.toContain('secret')
  })

  test('is no concern when it belongs to another program or to the platform', () => {
    const others = { PATH: '/bin', CLAUDE_PLUGIN_ROOT: '/x', MOLECULE_ADMIN_TOKEN: 'x'.repeat(40) }
    expect(warningsOf({ ...MINIMAL, ...others })).toEqual([])
  })
})

describe('a line of the .env file that the parser skips', () => {
  test('is named by its number and setting', () => {
    const text = '# mine\n\uFEFF\nMOLECULE_PLATFORM_URL http://127.0.0.1:8080\n'
    expect(warningsOf(MINIMAL, text)).toEqual([
      'Line 3 (MOLECULE_PLATFORM_URL) of the .env file has no effect, because no "=" follows the name: write NAME="value".',
    ])
    expect(warningsOf(MINIMAL, '\uFEFFexport MOLECULE_AGENT_NAME\r\n  MOLECULE_ORG_ID:x\r\n')).toEqual([
      'Lines 1 (MOLECULE_AGENT_NAME), 2 (MOLECULE_ORG_ID) of the .env file have no effect, because no "=" follows the name: write NAME="value".',
    ])
  })

  test('is named by the longest setting it begins with', () => {
    expect(warningsOf(MINIMAL, 'MOLECULE_PLATFORM_URLS x')[0]).toStartWith(
      'Line 1 (MOLECULE_PLATFORM_URLS) of',
    )
  })

  test('is never quoted, since what follows the name, or is glued to it, may be a token', () => {
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

  test('gets no warning when it is read after all, or lies within the quotes of a value', () => {
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

  test('is named only if it is among the first few', () => {
    const [sentence = '', ...others] = warningsOf(MINIMAL, 'MOLECULE_ORG_ID x\n'.repeat(50))
    expect(others).toEqual([])
    expect(sentence).toContain('8 (MOLECULE_ORG_ID), and 42 more of the .env file')
  })
})
