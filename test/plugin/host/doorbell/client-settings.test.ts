import { afterEach, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { readClientSettings } from '../../../../plugin/host/doorbell/client-settings.ts'

const MANAGED = 'managed.json'
const LOCAL = 'project/.claude/settings.local.json'
const PROJECT = 'project/.claude/settings.json'
const USER = 'home/.claude/settings.json'

let scratch: TemporaryFolder = temporaryFolder()
afterEach(() => {
  scratch[Symbol.dispose]()
  scratch = temporaryFolder()
})

/** What a session with these files, and these words on its command line, finds. A text is the file as it is. */
function read(files: Readonly<Record<string, unknown>>, ...command: readonly string[]) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(scratch.file(name)), { recursive: true })
    writeFileSync(scratch.file(name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return readClientSettings({
    environment: { CLAUDE_PROJECT_DIR: scratch.file('project') },
    home: scratch.file('home'),
    commands: [['claude', ...command]],
    managed: scratch.file(MANAGED),
  })
}
const inbound = (crossSessionInbound: unknown) => ({ crossSessionInbound })

describe('what becomes of a prompt from another process', () => {
  test('is open where nothing is set, or a file is broken', () => {
    expect(read({}).inbound).toBeUndefined()
    expect(read({ [USER]: '{"crossSessionInbound": "ref' }).inbound).toBeUndefined()
  })

  test.each([MANAGED, LOCAL, PROJECT, USER])('is read from %s', (name) => {
    expect(read({ [name]: inbound('refuse') }).inbound).toBe('refuse')
  })

  test('is decided by the administrator before the command line, and by that before the user', () => {
    const given = ['--settings', JSON.stringify(inbound('accept'))]
    expect(read({ [USER]: inbound('hold') }).inbound).toBe('hold')
    expect(read({ [USER]: inbound('hold') }, ...given).inbound).toBe('accept')
    expect(read({ 's.json': inbound('refuse') }, `--settings=${scratch.file('s.json')}`).inbound).toBe(
      'refuse',
    )
    expect(read({ [MANAGED]: inbound('refuse') }, ...given).inbound).toBe('refuse')
  })

  test.each([LOCAL, PROJECT])('is closed, and never opened, by %s', (name) => {
    expect(read({ [USER]: inbound('refuse'), [name]: inbound('accept') }).inbound).toBe('refuse')
    expect(read({ [USER]: inbound('accept'), [name]: inbound('hold') }).inbound).toBe('hold')
  })

  test('is refusal when the value is unknown', () => {
    expect(read({ [USER]: inbound('ask') }).inbound).toBe('refuse')
  })

  test('is read from the folder that CLAUDE_CONFIG_DIR names', () => {
    writeFileSync(scratch.file('settings.json'), '{"crossSessionInbound":"hold"}')
    const { inbound: found } = readClientSettings({
      environment: { CLAUDE_CONFIG_DIR: scratch.path, CLAUDE_PROJECT_DIR: scratch.file('project') },
      home: scratch.file('home'),
      commands: [],
      managed: scratch.file(MANAGED),
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
    expect(read({ [USER]: {} }).asksNothing).toBeFalse()
  })
})
