import { describe, expect, test } from 'bun:test'
import { readClientSettings } from '../../../../plugin/host/doorbell/client-settings.ts'

const MANAGED = '/etc/claude-code/managed-settings.json'
const LOCAL = '/project/.claude/settings.local.json'
const PROJECT = '/project/.claude/settings.json'
const USER = '/home/ada/.claude/settings.json'

function read(files: Readonly<Record<string, unknown>>, ...command: readonly string[]) {
  return readClientSettings({
    environment: { CLAUDE_PROJECT_DIR: '/project' },
    home: '/home/ada',
    commands: [['claude', ...command]],
    read: (path) => {
      const found = files[path]
      return typeof found === 'string' || found === undefined ? found : JSON.stringify(found)
    },
  })
}
const inbound = (crossSessionInbound: unknown) => ({ crossSessionInbound })

describe('what becomes of a prompt from another process', () => {
  test('is open where nothing is set, or a file is broken', () => {
    expect(read({}).inbound).toBeUndefined()
    expect(read({ [USER]: '{"crossSessionInbound": "ref' }).inbound).toBeUndefined()
  })

  test.each([MANAGED, LOCAL, PROJECT, USER])('is read from %s', (path) => {
    expect(read({ [path]: inbound('refuse') }).inbound).toBe('refuse')
  })

  test('is decided by the administrator before the command line, and by that before the files, the nearest first', () => {
    const given = ['--settings', JSON.stringify(inbound('accept'))]
    const files = { [LOCAL]: inbound('hold'), [USER]: inbound('refuse') }
    expect(read({ ...files, [MANAGED]: inbound('refuse') }, ...given).inbound).toBe('refuse')
    expect(read(files, ...given).inbound).toBe('accept')
    expect(read({ ...files, '/s.json': inbound('refuse') }, '--settings=/s.json').inbound).toBe('refuse')
    expect(read(files).inbound).toBe('hold')
  })

  test('is refusal when the value is unknown', () => {
    expect(read({ [USER]: inbound('ask') }).inbound).toBe('refuse')
  })

  test('is read from the folder that CLAUDE_CONFIG_DIR names', () => {
    const { inbound: found } = readClientSettings({
      environment: { CLAUDE_CONFIG_DIR: '/elsewhere' },
      home: '/home/ada',
      commands: [],
      read: (path) => (path === '/elsewhere/settings.json' ? '{"crossSessionInbound":"hold"}' : undefined),
    })
    expect(found).toBe('hold')
  })
})

describe('a session asks for no permissions', () => {
  const bypass = { permissions: { defaultMode: 'bypassPermissions' } }

  test.each([
    ['its command line skips them', {}, ['--dangerously-skip-permissions']],
    ['its command line names that mode', {}, ['--permission-mode', 'bypassPermissions']],
    ['its command line names that mode after =', {}, ['--permission-mode=bypassPermissions']],
    ['its settings name that mode', { [USER]: bypass }, []],
  ])('if %s', (_, files, command) => {
    expect(read(files, ...command).asksNothing).toBeTrue()
  })

  test('unless its command line names another mode than its settings', () => {
    expect(read({ [USER]: bypass }, '--permission-mode', 'default').asksNothing).toBeFalse()
    expect(read({}).asksNothing).toBeFalse()
  })
})
