import { expect, test } from 'bun:test'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readPidFile, removePidFile, writePidFile } from '../../../member/folder/holder-record.ts'
import { readIssued, storeIssued } from '../../../member/folder/issued-secrets.ts'
import { Log } from '../../../member/folder/log.ts'
import { readRegularFile, replaceFile } from '../../../member/folder/regular-file.ts'

const HOLDER = { pid: 4242, startedAt: Date.UTC(2026, 6, 1), project: '/home/user/project' }
const PLANTED: readonly (readonly [string, (folder: TemporaryFolder, path: string) => void])[] = [
  ['a pipe', (_, path) => void Bun.spawnSync(['mkfifo', path])],
  ["a symbolic link to somebody else's file", (folder, path) => symlinkSync(folder.file('own'), path)],
  ['a symbolic link to a device', (_, path) => symlinkSync('/dev/zero', path)],
  ["a hard link to somebody else's file", (folder, path) => linkSync(folder.file('own'), path)],
]

for (const [what, plant] of PLANTED) {
  test(`${what} in place of the pid file is not read, and is replaced without being written through`, () => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writeFileSync(folder.file('own'), '1\n2026-07-01T00:00:00Z\n/\n')
    plant(folder, path)
    expect(readPidFile(path)).toBeUndefined()
    removePidFile(path, HOLDER)
    writePidFile(path, HOLDER)
    expect(readPidFile(path)).toEqual(HOLDER)
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(folder.file('own'), 'utf8')).toStartWith('1\n')
    expect(readdirSync(folder.path).toSorted()).toEqual(['bot.pid', 'own'])
  })

  test(`${what} in place of the issued secrets is not read, and is replaced without being written through`, () => {
    using folder = temporaryFolder()
    const path = folder.file('issued-secrets.json')
    const own = '{"a": {"authToken": "planted"}}'
    writeFileSync(folder.file('own'), own)
    plant(folder, path)
    expect(readIssued(path, 'a')).toEqual({})
    storeIssued(path, 'a', { authToken: 'one' })
    expect(readIssued(path, 'a')).toEqual({ authToken: 'one' })
    expect(readFileSync(folder.file('own'), 'utf8')).toBe(own)
  })

  if (what.startsWith('a hard link')) continue
  test(`${what} in place of the log is not opened, and lines still go to stderr`, () => {
    using folder = temporaryFolder()
    const path = folder.file('channel.log')
    writeFileSync(folder.file('own'), 'own\n', { mode: 0o644 })
    plant(folder, path)
    const written: string[] = []
    const log = new Log({ write: (line) => written.push(line), clock: systemClock })
    log.openFile(path)
    log.info('still said')
    expect(written).toEqual(['molecule channel: still said'])
    expect(readFileSync(folder.file('own'), 'utf8')).toBe('own\n')
    expect(lstatSync(folder.file('own')).mode & 0o777).toBe(0o644)
    expect(lstatSync(path).isFile()).toBe(false)
  })
}

test("a hard link to somebody else's file in place of the log is removed, that file stays as it was, and a new log begins", () => {
  using folder = temporaryFolder()
  const path = folder.file('channel.log')
  writeFileSync(folder.file('own'), 'own\n')
  chmodSync(folder.file('own'), 0o644)
  linkSync(folder.file('own'), path)
  const log = new Log({ write: () => {}, clock: systemClock })
  log.openFile(path)
  log.info('one')
  expect(readFileSync(path, 'utf8')).toEndWith('one\n')
  // Also one that comes later.
  linkSync(path, folder.file('taken'))
  log.info('two')
  expect(readFileSync(path, 'utf8')).toMatch(/one\n.*two\n$/)
  expect(readFileSync(folder.file('taken'), 'utf8')).toEndWith('one\n')
  expect([readFileSync(folder.file('own'), 'utf8'), statSync(folder.file('own')).mode & 0o777]).toEqual([
    'own\n',
    0o644,
  ])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('our own records are read in a copy of the folder made with hard links, and replaced without changing the copy', () => {
  using folder = temporaryFolder()
  const path = folder.file('issued-secrets.json')
  storeIssued(path, 'a', { authToken: 'one' })
  writePidFile(folder.file('bot.pid'), HOLDER)
  linkSync(path, folder.file('copy'))
  linkSync(folder.file('bot.pid'), folder.file('copied.pid'))
  expect([readIssued(path, 'a'), readPidFile(folder.file('bot.pid'))]).toEqual([{ authToken: 'one' }, HOLDER])
  storeIssued(path, 'b', { authToken: 'two' })
  expect([readIssued(path, 'a'), readIssued(folder.file('copy'), 'b')]).toEqual([{ authToken: 'one' }, {}])
})

test('a file of more than 8 MiB is not read', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('bot.pid'), '')
  truncateSync(folder.file('bot.pid'), 8 * 1024 * 1024 + 1)
  expect(() => readRegularFile(folder.file('bot.pid'))).toThrow('is too large')
})

test('replacing a file that cannot be replaced leaves nothing behind', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('bot.pid'))
  expect(() => replaceFile(folder.file('bot.pid'), 'text')).toThrow()
  expect(readdirSync(folder.path)).toEqual(['bot.pid'])
})
