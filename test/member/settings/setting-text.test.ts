import { describe, expect, test } from 'bun:test'
import { type Environment, parseConfig } from '../../../member/settings/config.ts'
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

/** A value other than the default for every setting that takes one alone. */
const VALID: Environment = {
  MOLECULE_POLL_INTERVAL_MS: '300',
  MOLECULE_POLL_WINDOW_SECS: '7',
  MOLECULE_HEARTBEAT_INTERVAL_MS: '0',
  MOLECULE_AGENT_NAME: 'Zoë',
  MOLECULE_AGENT_DESC: 'Answers questions',
  MOLECULE_AUTO_REGISTER_POLL: 'false',
  MOLECULE_ORG_ID: ID_A,
  MOLECULE_ATTACHMENT_MAX_MB: '3',
  MOLECULE_ATTACHMENT_ROOTS: '/srv/out',
  MOLECULE_ALLOWED_SENDERS: 'canvas',
  MOLECULE_CHANNEL: 'off',
  MOLECULE_LOG_LEVEL: 'error',
  MOLECULE_PERMISSION_RELAY: 'canvas',
}
const TARGETS = ['MOLECULE_PLATFORM_URLS', 'MOLECULE_WORKSPACES_JSON']

describe('every setting', () => {
  test.each(['\u00a0', '\u200b', '\u3000', '\ufeff \t', '""', "' '", '“”', '`\u2800`'])(
    'of %j counts as unset',
    (blank) => {
      for (const name of [...Object.keys(VALID), ...TARGETS]) {
        const environment = { ...MINIMAL, [name]: blank }
        expect([name, parseConfig(environment, undefined, HOME)]).toEqual([
          name,
          parseConfig(MINIMAL, undefined, HOME),
        ])
      }
      for (const name of Object.keys(MINIMAL)) {
        expect([name, problemsOf({ ...MINIMAL, [name]: blank })]).toEqual([
          name,
          problemsOf({ ...MINIMAL, [name]: undefined }),
        ])
      }
    },
  )

  test.each([
    ['blanks', (value: string) => `\u200b ${value}\u00a0\r\n`],
    ['the quotes of a shell', (value: string) => `"${value}"`],
    ['single quotes and blanks', (value: string) => ` '${value} ' `],
    ['typographic quotes', (value: string) => `“${value}”`],
    ['low quotes', (value: string) => `„${value}“`],
  ])('means the same in %s', (_what, put) => {
    for (const environment of [VALID, MINIMAL]) {
      for (const [name, value = ''] of Object.entries(environment)) {
        const [plain, dressed] = [value, put(value)].map((given) =>
          parseConfig({ ...MINIMAL, [name]: given }, undefined, HOME),
        )
        expect([name, dressed]).toEqual([name, plain])
      }
    }
  })

  test('means the same in capitals, where it has words of its own', () => {
    for (const [name, value = ''] of Object.entries(VALID)) {
      if (/NAME|DESC|ROOTS/.test(name)) continue
      expect(parseConfig({ ...MINIMAL, [name]: value.toUpperCase() }, undefined, HOME)).toEqual(
        parseConfig({ ...MINIMAL, [name]: value }, undefined, HOME),
      )
    }
  })

  test.each([
    ['MOLECULE_CHANNEL', 'true', 'on'],
    ['MOLECULE_CHANNEL', 'Enabled', 'on'],
    ['MOLECULE_CHANNEL', '0', 'off'],
    ['MOLECULE_CHANNEL', 'disabled', 'off'],
    ['MOLECULE_LOG_LEVEL', 'WARNING', 'warn'],
    ['MOLECULE_PERMISSION_RELAY', 'None', 'off'],
    ['MOLECULE_AUTO_REGISTER_POLL', 'disabled', 'false'],
  ])('%s may be %s for %s', (name, other, word) => {
    const relayed = { ...MINIMAL, MOLECULE_ALLOWED_SENDERS: 'canvas' }
    expect(parseConfig({ ...relayed, [name]: other }, undefined, HOME)).toEqual(
      parseConfig({ ...relayed, [name]: word }, undefined, HOME),
    )
  })

  test('that opens something takes no other spelling', () => {
    for (const [name, value] of [
      ['MOLECULE_PERMISSION_RELAY', 'true'],
      ['MOLECULE_PERMISSION_RELAY', 'chat'],
      ['MOLECULE_ALLOWED_SENDERS', 'all'],
      ['MOLECULE_ALLOWED_SENDERS', ' , ,'],
      ['MOLECULE_ATTACHMENT_ROOTS', ' : '],
    ] as const) {
      const environment = { ...MINIMAL, [name]: value }
      const { permissionRelay, allowedSenders, attachmentRoots } = configOf(environment)
      expect(permissionRelay).toBe('off')
      if (name.endsWith('SENDERS')) expect(allowedSenders).toEqual([])
      if (name.endsWith('ROOTS')) expect(attachmentRoots).toEqual([])
      expect(warningsOf(environment)).toEqual([expect.stringContaining(`${name} `)])
    }
  })

  test('is one of a list in quotes of its own', () => {
    const config = configOf({
      MOLECULE_WORKSPACE_IDS: `"${ID_A}", "${ID_B}"`,
      MOLECULE_WORKSPACE_TOKENS: `'${TOKEN_A}','tok'`,
      MOLECULE_PLATFORM_URL: URL_A,
      MOLECULE_ALLOWED_SENDERS: '"canvas" “external”',
    })
    expect(config.targets.map(({ workspaceId, token }) => [workspaceId, token])).toEqual([
      [ID_A, TOKEN_A],
      [ID_B, 'tok'],
    ])
    expect(config.allowedSenders).toEqual(['canvas', 'external'])
  })
})
