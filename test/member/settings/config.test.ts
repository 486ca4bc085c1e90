import { describe, expect, test } from 'bun:test'
import { type Config, parseConfig } from '../../../member/settings/config.ts'
import {
  configOf,
  HOME,
  ID_A,
  ID_B,
  MINIMAL,
  problemsOf,
  TOKEN_A,
  URL_A,
  warningsOf,
} from '../../fixtures/config.ts'

const ORG = '22222222-2222-4222-8222-222222222222'

/** What a host passes for a variable that it could not expand. */
function unexpanded(name: string): string {
  return `$\{${name}}`
}

describe('where a setting comes from', () => {
  test('the file alone is enough', () => {
    const text = Object.entries(MINIMAL)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')
    expect(configOf({}, text)).toEqual(configOf(MINIMAL))
  })

  test('the file may have a BOM, CRLF, export, quotes and comments', () => {
    const text = [
      `\uFEFFMOLECULE_WORKSPACE_IDS=${ID_A}`,
      '# MOLECULE_PLATFORM_URL=https://wrong.example',
      `export MOLECULE_WORKSPACE_TOKENS="${TOKEN_A}" # the token`,
      `  MOLECULE_PLATFORM_URL = '${URL_A}'  `,
      "MOLECULE_AGENT_NAME='Anna # 1'",
      '',
    ].join('\r\n')
    const config = configOf({}, text)
    expect(config.targets).toEqual([{ workspaceId: ID_A, token: TOKEN_A, platformUrl: URL_A }])
    expect(config.agentName).toBe('Anna # 1')
    expect(warningsOf({}, text)).toEqual([])
  })

  test.each(['\u00a0', '\u3000', '\t', '\ufeff'])('the file may have %j around the equals sign', (blank) => {
    const text = Object.entries(MINIMAL)
      .map(([name, value]) => `${blank}${name}${blank}=${blank}"${value}"${blank}`)
      .join('\r\n')
    expect(configOf({}, text)).toEqual(configOf(MINIMAL))
    expect(warningsOf({}, text)).toEqual([])
  })

  test('an empty value does not take the next line for its own', () => {
    const rest = Object.entries(MINIMAL).map(([name, value]) => `${name}=${value}`)
    for (const end of ['\n', '\r\n', '\r']) {
      expect(configOf({}, ['MOLECULE_AGENT_NAME=', ...rest].join(end))).toEqual(configOf(MINIMAL))
    }
  })

  test('JSON in the file may be in single quotes and span several lines', () => {
    const json = JSON.stringify([{ id: ID_A, token: TOKEN_A, platform_url: URL_A }], null, 2)
    expect(configOf({}, `MOLECULE_WORKSPACES_JSON='${json}'\r\n`).targets).toHaveLength(1)
  })

  test('the environment wins over the file, name by name', () => {
    const config = configOf(
      { ...MINIMAL, MOLECULE_AGENT_NAME: 'real' },
      'MOLECULE_AGENT_NAME=file\nMOLECULE_AGENT_DESC=file\n',
    )
    expect(config.agentName).toBe('real')
    expect(config.agentDescription).toBe('file')
  })

  test.each([
    '',
    '  ',
    unexpanded('MOLECULE_AGENT_NAME'),
    unexpanded('MOLECULE_AGENT_NAME:-'),
    unexpanded('user_config.name'),
  ])('the environment value %j counts as unset', (value) => {
    const config = configOf({ ...MINIMAL, MOLECULE_AGENT_NAME: value }, 'MOLECULE_AGENT_NAME=file')
    expect(config.agentName).toBe('file')
  })

  test('text that merely contains a reference is a value', () => {
    const name = `a ${unexpanded('B')}`
    expect(configOf({ ...MINIMAL, MOLECULE_AGENT_NAME: name }).agentName).toBe(name)
  })
})

describe('single settings', () => {
  test('the smallest configuration has every default and no warning', () => {
    expect(configOf(MINIMAL)).toEqual({
      stateDir: '/home/user/.claude/channels/molecule',
      targets: [{ workspaceId: ID_A, token: TOKEN_A, platformUrl: URL_A }],
      pollIntervalMs: 5000,
      pollWindowSecs: 30,
      heartbeatIntervalMs: 30000,
      agentName: 'Claude Code',
      agentDescription: 'A Claude Code session with the channel',
      autoRegister: true,
      channelMode: 'auto',
      logLevel: 'info',
      attachmentMaxMb: 25,
      permissionRelay: 'off',
      orgId: undefined,
      attachmentRoots: undefined,
      allowedSenders: undefined,
    })
    expect(warningsOf(MINIMAL)).toEqual([])
  })

  const numbers: readonly (readonly [string, keyof Config, number, readonly string[], readonly string[]])[] =
    [
      ['MOLECULE_POLL_INTERVAL_MS', 'pollIntervalMs', 5000, ['250', '300000'], ['249', '300001', '0']],
      ['MOLECULE_POLL_WINDOW_SECS', 'pollWindowSecs', 30, ['0', '2592000'], ['2592001']],
      [
        'MOLECULE_HEARTBEAT_INTERVAL_MS',
        'heartbeatIntervalMs',
        30000,
        ['0', '1000', '60000'],
        ['1', '999', '60001'],
      ],
      ['MOLECULE_ATTACHMENT_MAX_MB', 'attachmentMaxMb', 25, ['1', '100'], ['0', '101']],
    ]
  const NO_NUMBERS = [
    'abc',
    '-1',
    '1e3',
    '1000.5',
    'NaN',
    'Infinity',
    '1_000',
    '0x400',
    '5s',
    '9'.repeat(400),
  ]

  test.each([...numbers])('%s takes its whole range and nothing else', (name, key, fallback, good, bad) => {
    for (const value of good) {
      expect(configOf({ ...MINIMAL, [name]: value })[key]).toBe(Number(value))
      expect(warningsOf({ ...MINIMAL, [name]: value })).toEqual([])
    }
    for (const value of [...bad, ...NO_NUMBERS]) {
      expect(configOf({ ...MINIMAL, [name]: value })[key]).toBe(fallback)
      const warnings = warningsOf({ ...MINIMAL, [name]: value })
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toStartWith(`${name} is "${value.slice(0, 60)}"`)
      expect(warnings[0]).toEndWith(`Until then, ${fallback} applies.`)
    }
  })

  test('MOLECULE_AUTO_REGISTER_POLL takes the usual words in any case', () => {
    for (const word of ['true', '1', 'yes', 'ON']) {
      expect(configOf({ ...MINIMAL, MOLECULE_AUTO_REGISTER_POLL: word }).autoRegister).toBe(true)
    }
    for (const word of ['False', '0', 'NO', 'off']) {
      expect(configOf({ ...MINIMAL, MOLECULE_AUTO_REGISTER_POLL: word }).autoRegister).toBe(false)
    }
    expect(warningsOf({ ...MINIMAL, MOLECULE_AUTO_REGISTER_POLL: 'maybe' })).toEqual([
      'MOLECULE_AUTO_REGISTER_POLL is "maybe" but must be true or false: correct or remove it. Until then, true applies.',
    ])
  })

  test('MOLECULE_CHANNEL and MOLECULE_LOG_LEVEL take their words in any case', () => {
    const config = configOf({ ...MINIMAL, MOLECULE_CHANNEL: 'Off', MOLECULE_LOG_LEVEL: 'DEBUG' })
    expect([config.channelMode, config.logLevel]).toEqual(['off', 'debug'])
    const bad = { ...MINIMAL, MOLECULE_CHANNEL: 'never', MOLECULE_LOG_LEVEL: 'trace' }
    expect([configOf(bad).channelMode, configOf(bad).logLevel]).toEqual(['auto', 'info'])
    expect(warningsOf(bad)).toHaveLength(2)
  })

  test('MOLECULE_ATTACHMENT_ROOTS is a list of absolute folders, which may hold spaces', () => {
    const roots = (value: string) =>
      configOf({ ...MINIMAL, MOLECULE_ATTACHMENT_ROOTS: value }).attachmentRoots
    expect(roots('/srv/out')).toEqual(['/srv/out'])
    expect(roots('/srv/out: /home/a b/docs :')).toEqual(['/srv/out', '/home/a b/docs'])
    expect(configOf(MINIMAL).attachmentRoots).toBeUndefined()
  })

  test('a root that is not absolute allows nothing, even when it is the only one', () => {
    for (const [value, left] of [
      ['docs', []],
      ['~/docs:/srv', ['/srv']],
    ] as const) {
      const environment = { ...MINIMAL, MOLECULE_ATTACHMENT_ROOTS: value }
      expect(configOf(environment).attachmentRoots).toEqual([...left])
      expect(warningsOf(environment)).toHaveLength(1)
      expect(warningsOf(environment)[0]).toEndWith('Until then, it allows nothing.')
    }
  })

  test('channel mode and log level are known without a valid target too', () => {
    const result = parseConfig({ MOLECULE_CHANNEL: 'on', MOLECULE_LOG_LEVEL: 'error' }, undefined, HOME)
    expect(result).toMatchObject({ ok: false, channelMode: 'on', logLevel: 'error' })
  })

  test('MOLECULE_ORG_ID is a UUID, or ignored with a warning', () => {
    expect(configOf({ ...MINIMAL, MOLECULE_ORG_ID: ORG }).orgId).toBe(ORG)
    const bad = { ...MINIMAL, MOLECULE_ORG_ID: 'acme' }
    expect(configOf(bad).orgId).toBeUndefined()
    expect(warningsOf(bad)[0]).toStartWith('MOLECULE_ORG_ID is "acme" but must be a UUID')
  })

  test('name and description are one clean line of bounded length', () => {
    const config = configOf({
      ...MINIMAL,
      MOLECULE_AGENT_NAME: 'An\u0007na\r\n\u202e!',
      MOLECULE_AGENT_DESC: 'x'.repeat(501),
    })
    expect(config.agentName).toBe('An na !')
    expect(config.agentDescription).toBe('x'.repeat(500))
    expect(warningsOf({ ...MINIMAL, MOLECULE_AGENT_DESC: 'x'.repeat(501) })).toHaveLength(1)
    expect(configOf({ ...MINIMAL, MOLECULE_AGENT_NAME: '\u202e\u0007' }).agentName).toBe('Claude Code')
  })

  test('a relay to the chat that no answer can come from gets a warning', () => {
    const relay = { ...MINIMAL, MOLECULE_PERMISSION_RELAY: 'canvas' }
    expect(warningsOf(relay)).toEqual([])
    expect(warningsOf({ ...relay, MOLECULE_ALLOWED_SENDERS: 'external,canvas' })).toEqual([])
    expect(warningsOf({ ...relay, MOLECULE_ALLOWED_SENDERS: 'external' })).toEqual([
      expect.stringContaining('so no answer can arrive: add canvas to MOLECULE_ALLOWED_SENDERS'),
    ])
  })

  test('a value that may be a token is not shown, whatever setting it stands under', () => {
    for (const name of ['MOLECULE_POLL_INTERVAL_MS', 'MOLECULE_ORG_ID', 'MOLECULE_CHANNEL']) {
      const warning = warningsOf({ ...MINIMAL, [name]: `${TOKEN_A}X` })[0] ?? ''
      expect(warning).toContain('a value of 44 characters (not shown: it may be a token)')
      expect(warning).not.toContain(TOKEN_A.slice(0, 12))
    }
  })
})

describe('the result', () => {
  test('is frozen throughout', () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(parseConfig({ ...MINIMAL, MOLECULE_CHANNEL: 'x' }, undefined, HOME))).toBe(true)
    expect(frozen(parseConfig({ MOLECULE_WORKSPACE_IDS: ID_B }, undefined, HOME))).toBe(true)
  })

  test('with nothing set, is one problem that says how to begin', () => {
    const problems = problemsOf({})
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('/molecule:configure')
    expect(problems[0]).toContain('/home/user/.claude/channels/molecule/.env')
  })
})
