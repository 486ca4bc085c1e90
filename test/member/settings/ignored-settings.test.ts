import { describe, expect, test } from 'bun:test'
import { parseConfig } from '../../../member/settings/config.ts'
import { aboutMessage } from '../../../runner/backend/child-environment.ts'
import {
  configOf,
  HOME,
  ID_A,
  ID_B,
  MINIMAL,
  problemsOf,
  TOKEN_A,
  TOKEN_B,
  URL_A,
  URL_B,
  warningsOf,
} from '../../fixtures/config.ts'

describe('a name that is not a setting', () => {
  test('gets a warning, in the environment and in the file, with what was probably meant', () => {
    expect(warningsOf({ ...MINIMAL, MOLECULE_POLL_MS: '5' }, 'MOLECULE_WORKSPACE_ID=a\n')).toEqual([
      'The environment sets MOLECULE_POLL_MS, which is not a setting of this plugin: correct or remove it.',
      'The .env file sets MOLECULE_WORKSPACE_ID (did you mean MOLECULE_WORKSPACE_IDS?), which is not a setting of this plugin: correct or remove it.',
    ])
  })

  test('is recognised in any case, and with hyphens', () => {
    expect(warningsOf({ ...MINIMAL, molecule_agent_name: 'x' }, 'Molecule-Channel=on\n')).toEqual([
      'The environment sets molecule_agent_name (did you mean MOLECULE_AGENT_NAME?), which is not a setting of this plugin: correct or remove it.',
      'The .env file sets Molecule-Channel (did you mean MOLECULE_CHANNEL?), which is not a setting of this plugin: correct or remove it.',
    ])
  })

  test('is none of those that a runner gives to the program that answers a message', () => {
    const variables = aboutMessage({
      workspaceId: ID_A,
      activityId: 'a',
      idempotencyKey: 'k',
      kind: 'peer_agent',
      peerId: ID_B,
      peerName: 'lead',
      userName: null,
      contextId: 'talk',
      taskId: 'task',
      method: 'message/send',
      files: [{ name: 'a', mimeType: 'text/plain', kind: 'file', path: '/a' }],
      redelivered: true,
    })
    expect(Object.keys(variables)).toHaveLength(11)
    expect(warningsOf({ ...MINIMAL, ...variables })).toEqual([])
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
      'Line 3 (MOLECULE_PLATFORM_URL) of the .env file has no effect: write each setting as NAME="value" on a line of its own, with nothing before the name.',
    ])
    expect(warningsOf(MINIMAL, '\uFEFFexport MOLECULE_AGENT_NAME\r\n  MOLECULE_ORG_ID:x\r\n')).toEqual([
      'Lines 1 (MOLECULE_AGENT_NAME), 2 (MOLECULE_ORG_ID) of the .env file have no effect: write each setting as NAME="value" on a line of its own, with nothing before the name.',
    ])
  })

  test.each([
    ['fish', (name: string, value: string) => `set -x ${name} ${value}`],
    ['fish, for all sessions', (name: string, value: string) => `set -Ux ${name} '${value}'`],
    ['PowerShell', (name: string, value: string) => `$env:${name} = "${value}"`],
    ['cmd', (name: string, value: string) => `set ${name}=${value}`],
    ['cmd, in quotes', (name: string, value: string) => `set "${name}=${value}"`],
    ['csh', (name: string, value: string) => `setenv ${name} ${value}`],
    ['nushell', (name: string, value: string) => `$env.${name} = "${value}"`],
    ['bash', (name: string, value: string) => `declare -x ${name}="${value}"`],
    ['a Dockerfile', (name: string, value: string) => `ENV ${name}=${value}`],
    ['docker run', (name: string, value: string) => `-e ${name}=${value}`],
    ['systemd', (name: string, value: string) => `Environment="${name}=${value}"`],
    ['compose', (name: string, value: string) => `  - ${name}=${value}`],
    ['JSON', (name: string, value: string) => `  "${name}": "${value}",`],
    ['a wide equals sign', (name: string, value: string) => `${name}＝${value}`],
  ])('is named in the syntax of %s, and is the one reason why nothing is configured', (_what, line) => {
    const text = Object.entries(MINIMAL)
      .map(([name, value]) => line(name, value ?? ''))
      .join('\n')
    const result = parseConfig({}, text, HOME)
    expect(result).toMatchObject({
      ok: false,
      problems: [
        'Lines 1 (MOLECULE_WORKSPACE_IDS), 2 (MOLECULE_WORKSPACE_TOKENS), 3 (MOLECULE_PLATFORM_URL) of the .env file have no effect: write each setting as NAME="value" on a line of its own, with nothing before the name.',
      ],
      warnings: [],
    })
    expect(JSON.stringify(result)).not.toContain(TOKEN_A)
  })

  test('is named when it has several settings, of which only the first is read', () => {
    const text = `MOLECULE_AGENT_NAME=a; export MOLECULE_AGENT_DESC=b\n`
    expect(warningsOf(MINIMAL, text)).toEqual([
      'Line 1 (MOLECULE_AGENT_DESC) of the .env file has no effect: write each setting as NAME="value" on a line of its own, with nothing before the name.',
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
      'MOLECULE_CHANNEL=on # not MOLECULE_ORG_ID=x',
      '// MOLECULE_ORG_ID=x',
      'NOTE=see MOLECULE_ORG_ID',
      'MY_MOLECULE_ORG_ID x',
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

describe('a setting of the .env file that the environment overrides', () => {
  test('is named, if its value is another', () => {
    const text = `MOLECULE_PLATFORM_URL=${URL_B}\nMOLECULE_AGENT_NAME=a\nMOLECULE_WORKSPACE_IDS=${ID_A}\n`
    expect(warningsOf({ ...MINIMAL, MOLECULE_AGENT_NAME: 'b' }, text)).toEqual([
      'The environment overrides MOLECULE_PLATFORM_URL, MOLECULE_AGENT_NAME from the .env file: remove them from one of the two.',
    ])
    expect(warningsOf({ ...MINIMAL, MOLECULE_AGENT_NAME: ' ' }, 'MOLECULE_AGENT_NAME="a"\n')).toEqual([])
  })
})

describe('several blocks in one .env file', () => {
  test('are named with their lines, and the last one counts', () => {
    const block = (id: string, token: string) =>
      `# ${id}\nMOLECULE_PLATFORM_URL=${URL_A}\nMOLECULE_WORKSPACE_IDS=${id}\nMOLECULE_WORKSPACE_TOKENS=${token}\n`
    const text = `${block(ID_A, TOKEN_A)}\n${block(ID_B, TOKEN_B)}`
    expect(configOf({}, text).targets.map(({ workspaceId }) => workspaceId)).toEqual([ID_B])
    expect(warningsOf({}, text)).toEqual([
      'The .env file sets MOLECULE_WORKSPACE_IDS (lines 3, 8), MOLECULE_WORKSPACE_TOKENS (lines 4, 9) more than once, and the last line counts: keep one line for each; it can list several workspaces, separated by commas.',
    ])
    expect(warningsOf({}, `${block(ID_A, TOKEN_A)}${block(ID_A, TOKEN_A)}`)).toEqual([])
  })

  test('may repeat a setting that has nothing to do with workspaces', () => {
    expect(warningsOf(MINIMAL, 'MOLECULE_CHANNEL=on\rexport MOLECULE_CHANNEL="off"\r')).toEqual([
      'The .env file sets MOLECULE_CHANNEL (lines 1, 2) more than once, and the last line counts: keep one line for each.',
    ])
  })
})

describe('a .env file that says nothing readable about the workspaces', () => {
  test('is the reason, instead of a sentence that nothing is configured', () => {
    expect(problemsOf({}, `molecule_workspace_ids=${ID_A}\n`)).toEqual([
      'The .env file sets molecule_workspace_ids (did you mean MOLECULE_WORKSPACE_IDS?), which is not a setting of this plugin: correct or remove it.',
    ])
    expect(problemsOf({}, 'MOLECULE_NO_SUCH=1\n')).toEqual([
      expect.stringContaining('No workspace is configured: run /molecule:configure'),
    ])
  })

  test('is the reason when it cannot be read, and a warning where the environment is enough', () => {
    const reason = '/state/.env cannot be read.'
    expect(parseConfig({}, undefined, HOME, reason)).toMatchObject({ problems: [reason], warnings: [] })
    expect(parseConfig(MINIMAL, undefined, HOME, reason)).toMatchObject({ ok: true, warnings: [reason] })
  })
})

test('characters lost in a .env file of another encoding are told once', () => {
  expect(warningsOf(MINIMAL, 'MOLECULE_AGENT_NAME=Zo\ufffd\nMOLECULE_AGENT_DESC=\ufffd\n')).toEqual([
    'The .env file is not in UTF-8, so some characters are lost: save it as UTF-8.',
  ])
})
