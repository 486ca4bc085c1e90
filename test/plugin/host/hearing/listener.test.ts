import { describe, expect, test } from 'bun:test'
import { type HearingEvidence, judgeHearing as judge } from '../../../../plugin/host/hearing/listener.ts'

const OURS = 'plugin:molecule@molecule-channel'
const DEVELOPMENT = '--dangerously-load-development-channels'

const judgeHearing = (evidence: Omit<HearingEvidence, 'environment'>, environment = {}) =>
  judge({ ...evidence, environment })
const hears = (...ancestors: readonly (readonly string[])[]): boolean =>
  judgeHearing({ mode: 'auto', clientName: 'claude-code', ancestors }).mayHold

describe('a session of the real host may hold the lock', () => {
  const named: readonly (readonly string[])[] = [
    ['--channels', OURS],
    [`--channels=${OURS}`],
    [DEVELOPMENT, OURS],
    [`${DEVELOPMENT}=${OURS}`],
    ['--channels', 'plugin:slack@x', OURS],
    ['--channels', `plugin:slack@x,${OURS}`],
    [`--channels=plugin:slack@x,${OURS}`],
    ['--channels', 'plugin:slack@x', DEVELOPMENT, OURS],
    ['--channels', OURS, '--model', 'opus', '-p', 'hello'],
    ['-c', '--channels', 'plugin:molecule@inline'],
    ['--channels', 'plugin:molecule'],
    ['--channels', 'server:molecule'],
  ]
  test.each(named.map((words) => [words.join(' '), words] as const))(
    'when it was started with %s',
    (_, words) => {
      expect(hears(['claude', ...words])).toBeTrue()
      expect(
        hears(['/usr/bin/node', '/opt/lib/node_modules/@anthropic-ai/claude-code/cli.js', ...words]),
      ).toBeTrue()
    },
  )

  test('when a wrapper stands between', () => {
    expect(
      hears(['bun', 'run', 'start'], ['/home/u/.local/bin/claude', '--channels', OURS], ['bash']),
    ).toBeTrue()
    expect(hears(['bun', 'run', 'start'], ['/x/versions/2.1.329', '--channels', OURS], ['bash'])).toBeTrue()
  })

  test('when its command line cannot be read', () => {
    expect(hears()).toBeTrue()
  })
})

describe('a session of the real host may not hold the lock', () => {
  const others: readonly (readonly string[])[] = [
    [],
    ['--channels'],
    ['--channels', 'plugin:slack@x'],
    ['--channels', 'plugin:molecule-x@y'],
    ['--channels', 'plugin:xmolecule@y'],
    ['--channels', 'plugin:other@molecule'],
    ['--channels', 'plugin:other@plugin:molecule'],
    ['--channels', 'molecule'],
    ['--channels', 'server:molecule-x'],
    ['--channels=', OURS],
    ['--channels', 'plugin:slack@x', '--plugin-dir', OURS],
    ['--plugin-dir', OURS],
    ['-p', `say --channels ${OURS}`],
    ['-p', OURS],
    [DEVELOPMENT, OURS, '-p', 'hello'],
    ['--print', `${DEVELOPMENT}=${OURS}`, 'hello'],
    ['--channelsx', OURS],
  ]
  test.each(others.map((words) => [words.join(' '), words] as const))(
    'when it was started with %p',
    (_, words) => {
      expect(hears(['claude', ...words])).toBeFalse()
    },
  )

  test('when only an outer session has the channel, in whose shell it runs', () => {
    const outer = ['claude', '--channels', OURS]
    expect(hears(['claude', '-p', 'x'], ['bash', '-c', 'claude -p x'], outer)).toBeFalse()
    expect(hears(['bun', 'run', 'start'], ['claude', '-p', 'x'], ['bash'], outer)).toBeFalse()
  })

  test('and then says how to start one that may', () => {
    const { remedy } = judgeHearing({ mode: 'auto', clientName: 'claude-code', ancestors: [['claude']] })
    expect(remedy).toContain(`claude ${DEVELOPMENT} ${OURS}`)
  })
})

describe('whatever the command line says', () => {
  test('MOLECULE_CHANNEL decides', () => {
    const withChannel = [['claude', '--channels', OURS]]
    for (const clientName of ['claude-code', 'other', undefined]) {
      expect(judgeHearing({ mode: 'on', clientName, ancestors: [['claude']] }).mayHold).toBeTrue()
      expect(judgeHearing({ mode: 'off', clientName, ancestors: withChannel }).mayHold).toBeFalse()
    }
  })

  test('no other client may hold the lock, and it is told to call inbox', () => {
    for (const clientName of ['cursor-vscode', 'codex-mcp-client', 'Claude-Code', 'claude-ai', undefined]) {
      const verdict = judgeHearing({ mode: 'auto', clientName, ancestors: [['claude', '--channels', OURS]] })
      expect(verdict).toMatchObject({
        mayHold: false,
        certain: true,
        remedy: expect.stringContaining('call inbox'),
      })
      expect(verdict.because).toContain(`the host is ${clientName ?? 'unnamed'}, and only Claude Code shows`)
    }
  })
})

test('only MOLECULE_CHANNEL and a name are certain: a host that was asked for the channel may refuse it', () => {
  const ancestors = [['claude', '--channels', OURS]]
  const certain = (mode: 'auto' | 'on', clientName: string, lines: readonly (readonly string[])[]): boolean =>
    judgeHearing({ mode, clientName, ancestors: lines }).certain
  expect([
    certain('on', 'other', []),
    certain('auto', 'claude-code', ancestors),
    certain('auto', 'claude-code', []),
    certain('auto', 'other', ancestors),
  ]).toEqual([true, false, false, true])
})

describe('a host that is probed before it may hold anything', () => {
  const STREAMS = ['--output-format', 'stream-json', '--verbose', '--input-format', 'stream-json']
  const verdictOf = (ancestors: readonly (readonly string[])[], environment = {}) =>
    judge({ mode: 'auto', clientName: 'claude-code', ancestors, environment })
  const PROBED = { mayHold: false, certain: false, isProbed: true }

  test.each([
    ['without the channel', []],
    ['with the development flag, which it ignores', [DEVELOPMENT, OURS]],
    ['with --channels, which waits for the first prompt', ['--channels', OURS]],
    ['in print mode', ['-p', '--channels', OURS]],
  ] as const)('is a program of the Agent SDK, started %s', (_, words) => {
    const program = ['node', '/app/bot.js']
    expect(verdictOf([['/app/claude', ...STREAMS, ...words], program])).toMatchObject(PROBED)
    const script = ['node', '/app/node_modules/@anthropic-ai/claude-agent-sdk/cli.js']
    expect(verdictOf([[...script, '--input-format=stream-json', ...words], program])).toMatchObject(PROBED)
  })

  test('is known by the environment alone where no command line can be read', () => {
    expect(verdictOf([], { CLAUDE_CODE_ENTRYPOINT: 'sdk-ts' })).toMatchObject(PROBED)
    expect(verdictOf([], { CLAUDE_CODE_ENTRYPOINT: 'sdk-py' })).toMatchObject(PROBED)
    expect(verdictOf([], { CLAUDE_AGENT_SDK_VERSION: '0.3.332' })).toMatchObject(PROBED)
    expect(verdictOf([], { CLAUDE_CODE_ENTRYPOINT: 'cli' }).isProbed).toBeUndefined()
  })

  test('is not a session that a person started in the shell of such a program', () => {
    const inherited = { CLAUDE_CODE_ENTRYPOINT: 'sdk-ts', CLAUDE_AGENT_SDK_VERSION: '0.3.332' }
    const outer = ['claude', ...STREAMS]
    expect(verdictOf([['claude', '--channels', OURS], ['bash'], outer], inherited).mayHold).toBeTrue()
  })

  test.each([
    'DISABLE_TELEMETRY=1',
    'DISABLE_TELEMETRY=0',
    'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=true',
    'DO_NOT_TRACK=1',
    'DISABLE_GROWTHBOOK=1',
    'CLAUDE_CODE_DISABLE_FEATURE_FLAGS=yes',
    'CLAUDE_CODE_USE_BEDROCK=1',
    'CLAUDE_CODE_USE_VERTEX=true',
    'CLAUDE_CODE_USE_FOUNDRY=1',
  ])('is one in which %s closes channels', (setting) => {
    const [name = '', value] = setting.split('=')
    const verdict = verdictOf([['claude', '--channels', OURS]], { [name]: value })
    expect(verdict).toMatchObject(PROBED)
    expect(verdict.because).toBe(`Claude Code opens no channel while ${name} is set`)
    expect(verdict.remedy).toContain(`unset ${name}`)
  })

  test.each([
    { DISABLE_TELEMETRY: '' },
    { DO_NOT_TRACK: '0' },
    { DISABLE_GROWTHBOOK: '0' },
    { CLAUDE_CODE_USE_BEDROCK: '0' },
    { DISABLE_ERROR_REPORTING: '1' },
    { DISABLE_TELEMETRY: '1', CLAUDE_CODE_GB_DISK_CACHE_WHEN_TELEMETRY_OFF: '1' },
  ])('is not one with %p', (environment) => {
    expect(verdictOf([['claude', '--channels', OURS]], environment).mayHold).toBeTrue()
  })
})

test.each([
  ['2.1.251', true],
  ['2.2.0-beta.1', true],
  ['2.1.250', false],
  ['2.1', false],
  ['dev', false],
  ['', false],
  ['99999999999999999999.0.0', false],
  ['2.1.251.4', false],
])('a host that gives its version as "%s" may be rung: %p', (clientVersion, mayBeRung) => {
  const doorbell = { isAsked: true, clientVersion, refusal: undefined }
  const evidence = { mode: 'auto', clientName: 'claude-code', ancestors: [['claude']], doorbell } as const
  expect(judgeHearing(evidence).mayHold).toBe(mayBeRung)
})
