import { describe, expect, test } from 'bun:test'
import { type Environment, parseConfig, resolveStateDir } from '../../../member/settings/config.ts'
import { configOf, HOME, MINIMAL, problemsOf, warningsOf } from '../../fixtures/config.ts'

/** What a host passes for a variable that it could not expand. */
function unexpanded(name: string): string {
  return `$\{${name}}`
}

describe('resolveStateDir', () => {
  const cases: readonly (readonly [string, Environment, string])[] = [
    ['lies below ~/.claude by default', {}, '/home/user/.claude/channels/molecule'],
    ['follows CLAUDE_CONFIG_DIR', { CLAUDE_CONFIG_DIR: '/etc/claude/' }, '/etc/claude/channels/molecule'],
    [
      'is MOLECULE_STATE_DIR itself before anything else',
      { MOLECULE_STATE_DIR: '/var/molecule', CLAUDE_CONFIG_DIR: '/etc/claude' },
      '/var/molecule',
    ],
    ['expands a leading ~/', { MOLECULE_STATE_DIR: '~/state' }, '/home/user/state'],
    ['expands a leading ~/ of the host', { CLAUDE_CONFIG_DIR: '~/c' }, '/home/user/c/channels/molecule'],
    [
      'treats an empty value as unset',
      { MOLECULE_STATE_DIR: ' ', CLAUDE_CONFIG_DIR: '' },
      '/home/user/.claude/channels/molecule',
    ],
    [
      'treats an unexpanded value as unset',
      { MOLECULE_STATE_DIR: unexpanded('X') },
      '/home/user/.claude/channels/molecule',
    ],
    ['ignores a relative path', { MOLECULE_STATE_DIR: 'state' }, '/home/user/.claude/channels/molecule'],
  ]
  test.each([...cases])('%s', (_title, environment, expected) => {
    expect(resolveStateDir(environment, HOME)).toBe(expected)
    const result = parseConfig({ ...environment, ...MINIMAL }, undefined, HOME)
    expect(result.ok ? result.config.stateDir : result.stateDir).toBe(expected)
  })

  test('reports a relative path with the name of its setting', () => {
    expect(problemsOf({ ...MINIMAL, MOLECULE_STATE_DIR: 'a/b' })).toEqual([
      'MOLECULE_STATE_DIR is "a/b" but must be an absolute path, or one that begins with ~/: correct or remove it.',
    ])
    expect(problemsOf({ ...MINIMAL, CLAUDE_CONFIG_DIR: 'c' })[0]).toStartWith('CLAUDE_CONFIG_DIR is "c"')
  })

  test('ignores MOLECULE_STATE_DIR in the file, with a warning', () => {
    const text = 'MOLECULE_STATE_DIR=/elsewhere\n'
    expect(configOf(MINIMAL, text).stateDir).toBe('/home/user/.claude/channels/molecule')
    expect(warningsOf(MINIMAL, text)).toHaveLength(1)
    expect(warningsOf(MINIMAL, text)[0]).toContain('MOLECULE_STATE_DIR')
  })
})

describe('without a home folder', () => {
  test('an absolute state folder is enough', () => {
    for (const environment of [{ MOLECULE_STATE_DIR: '/state' }, { CLAUDE_CONFIG_DIR: '/config' }]) {
      expect(parseConfig({ ...MINIMAL, ...environment }, undefined, undefined)).toMatchObject({ ok: true })
    }
    expect(resolveStateDir({ MOLECULE_STATE_DIR: '/state' }, undefined)).toBe('/state')
  })

  test.each([{}, { MOLECULE_STATE_DIR: '~/state' }, { CLAUDE_CONFIG_DIR: '~' }])(
    'the one problem of %j is that the state folder must be named',
    (environment) => {
      expect(parseConfig({ ...MINIMAL, ...environment }, undefined, undefined)).toMatchObject({
        ok: false,
        problems: [
          'No home folder was found, because HOME is not an absolute path and the system has no entry for this user: set MOLECULE_STATE_DIR to an absolute path.',
        ],
      })
      expect(resolveStateDir(environment, undefined)).toStartWith('/')
    },
  )
})
