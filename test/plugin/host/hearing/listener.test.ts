import { describe, expect, test } from 'bun:test'
import { judgeHearing } from '../../../../plugin/host/hearing/listener.ts'

const OURS = 'plugin:molecule@molecule-channel'
const DEVELOPMENT = '--dangerously-load-development-channels'

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

  test('another client, which has no channel switch, may hold the lock', () => {
    for (const clientName of ['stand-in', undefined]) {
      const { mayHold, because } = judgeHearing({ mode: 'auto', clientName, ancestors: [['claude']] })
      expect([mayHold, because !== '']).toEqual([true, true])
    }
  })
})

test('only MOLECULE_CHANNEL and a readable command line are certain', () => {
  const ancestors = [['claude', '--channels', OURS]]
  const certain = (mode: 'auto' | 'on', clientName: string, lines: readonly (readonly string[])[]): boolean =>
    judgeHearing({ mode, clientName, ancestors: lines }).certain
  expect([
    certain('on', 'other', []),
    certain('auto', 'claude-code', ancestors),
    certain('auto', 'claude-code', []),
    certain('auto', 'other', ancestors),
  ]).toEqual([true, true, false, false])
})
