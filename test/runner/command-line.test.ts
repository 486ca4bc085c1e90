import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { RunnerScene } from '../fixtures/runner-scene.ts'

let scene: RunnerScene
beforeAll(async () => {
  scene = await RunnerScene.open()
  writeFileSync(scene.path('empty'), '\n')
  writeFileSync(scene.path('two'), 'one two')
  writeFileSync(scene.path('cursor'), '{"workspace_id":"x"}')
})
afterAll(() => scene[Symbol.asyncDispose]())

const exec = (...options: readonly string[]): readonly string[] => [
  '--backend',
  'exec',
  ...options.flatMap((option) => ['--backend-opt', option]),
]
const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'

describe('what is wrong with a command line is said once, with exit code 2, before anything is done', () => {
  test.each([
    [['nonsense'], 'The workspace id is "nonsense" but must be a UUID, or one of status, doctor, '],
    [[ID, ID], `Give one workspace id, not also "${ID}": `],
    [['--backend', 'telepathy'], 'There is no backend "telepathy". Choose one of claude-code, exec, codex, '],
    [['--backend', 'exec'], 'The backend exec needs --backend-opt cmd=VALUE.'],
    [exec('cmd=true', 'timeout=soon'), '--backend-opt timeout is "soon" but must be a time such as 90s'],
    [exec('cmd=true', '=x'), '--backend-opt "=x" must be KEY=VALUE'],
    [['--backend', 'claude', '--backend-opt', 'bin=no-such-claude'], '"no-such-claude" is not an executable'],
    [['--backend', 'codex', '--backend-opt', 'bin=no-such-codex'], 'npm install -g @openai/codex'],
    [['--mode', 'push'], '--mode is "push" but must be poll'],
    [['--empty-reply', 'maybe'], '--empty-reply is "maybe" but must be skip or send.'],
    [['--print-unit', 'cron'], '--print-unit is "cron" but must be systemd or launchd.'],
    [['--platform-url', 'localhost:8080'], '--platform-url is "localhost:8080" but must begin with https://'],
    [
      ['--print-unit', 'systemd', '--once', '--backend', 'mock'],
      '--once ends by itself and makes no service',
    ],
    [['--bogus'], "Unknown option '--bogus'. See molecule connect --help."],
    [['--since-secs', '-4'], "Option '--since-secs' argument is ambiguous. "],
    [['--interval-ms', 'abc'], '--interval-ms is "abc" but must be a whole number of milliseconds'],
    [['--heartbeat-interval-ms', '1'], '--heartbeat-interval-ms is "1" but must be 0 (off) or'],
    [['--since-secs', '1e9'], '--since-secs is "1e9" but must be a whole number of seconds'],
    [[ID], 'The configuration has no workspace'],
    [['import-state'], 'import-state needs the cursor file'],
    [['import-state', 'cursor'], 'must hold {"workspace_id":"…","last_since_id":"…"}.'],
    [['import-state', 'not-there'], 'cannot be read'],
    [[ID, '--token-file', 'empty-not'], 'does not exist'],
    [['import-state', '/dev/zero'], 'is too large'],
    [[ID, '--token-file', '/dev/zero'], 'is too large'],
    [[ID, '--token-file', 'empty'], 'is empty'],
    [[ID, '--token-file', 'two'], 'holds more than one word'],
  ])('%p', async (words, sentence) => {
    const argv = words.map((word) => (existsSync(scene.path(word)) ? scene.path(word) : word))
    const running = scene.start(argv)
    expect([await running.exit, running.printed]).toEqual([2, []])
    expect(running.complaints.join('\n')).toContain(sentence)
    expect(running.complaints).toHaveLength(1)
    expect(running.complaints[0]).toStartWith('molecule connect: ')
    expect(existsSync(scene.path('state'))).toBe(false)
  })

  test('a token without a workspace', async () => {
    const running = scene.start([], scene.settings({ MOLECULE_WORKSPACE_TOKEN: 'a-token' }))
    expect(await running.exit).toBe(2)
    expect(running.complaints).toEqual([
      'molecule connect: A token was given without a workspace: give the id of the workspace, too.',
    ])
  })

  test('a workspace without a token, and no workspace at all', async () => {
    const bare = { MOLECULE_STATE_DIR: scene.path('state'), MOLECULE_PLATFORM_URL: scene.platform.url }
    for (const [argv, sentence] of [
      [
        [ID],
        `There is no token for workspace ${ID}: give it with --token-file FILE, in MOLECULE_WORKSPACE_TOKEN`,
      ],
      [[], 'No workspace is configured: give its id and --token-file FILE, or set MOLECULE_WORKSPACE_IDS'],
    ] as const) {
      const running = scene.start(argv, bare)
      expect(await running.exit).toBe(2)
      expect(running.complaints).toHaveLength(1)
      expect(running.complaints[0]).toContain(sentence)
    }
  })
})

test('a flag overrides the environment and the .env file without a warning', async () => {
  const running = scene.start(
    ['--dry-run', '--backend', 'mock', '--interval-ms', '4000'],
    scene.settings({ MOLECULE_LOG_LEVEL: 'debug' }),
  )
  expect(await running.exit).toBe(0)
  expect(running.complaints).toEqual([
    `workspace=${scene.member.id} backend=mock mode=poll platform=${scene.platform.url}`,
  ])
  expect(existsSync(scene.path('state'))).toBe(false)
})

test('the token may stand in a variable of its own, or its file be named by one', async () => {
  writeFileSync(scene.path('token'), scene.member.token)
  for (const variable of [
    { MOLECULE_WORKSPACE_TOKEN: scene.member.token },
    { MOLECULE_WORKSPACE_TOKEN_FILE: scene.path('token') },
  ]) {
    const settings = { MOLECULE_WORKSPACE_IDS: '', MOLECULE_WORKSPACE_TOKENS: '', MOLECULE_LOG_LEVEL: 'info' }
    const running = scene.start(
      [scene.member.id, '--dry-run', '--backend', 'mock'],
      scene.settings({ ...settings, ...variable }),
    )
    expect(await running.exit).toBe(0)
    expect(running.complaints).toEqual([expect.stringContaining(`workspace=${scene.member.id} `)])
  }
})

test('a service is printed, with a warning about settings that it will not see', async () => {
  // Nothing after the two dashes is a flag, and a service that only checks would end at once.
  const running = scene.start([
    '--backend',
    'mock',
    '--dry-run',
    '--print-unit',
    'systemd',
    '--json',
    '--',
    scene.member.id,
  ])
  expect(await running.exit).toBe(0)
  expect(running.printed.join()).toContain(
    `"--forever" "--backend" "mock" "--json" "--" "${scene.member.id}"\n`,
  )
  expect(running.complaints).toEqual([expect.stringContaining('does not see MOLECULE_LOG_LEVEL, ')])
})

test('--help names every command, flag and exit code', async () => {
  const running = scene.start(['--help'])
  expect(await running.exit).toBe(0)
  const help = running.printed.join('')
  for (const word of ['status', 'doctor', 'retry', 'import-state FILE', '--print-unit KIND', '3 refused']) {
    expect(help).toContain(word)
  }
})
