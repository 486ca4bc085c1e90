import { expect, test } from 'bun:test'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import {
  createPrivately,
  ensureStateFolder,
  readEnvFile,
  stampOf,
  statePaths,
  tightenEnvFile,
} from '../../../member/folder/state-folder.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test('the folder and those above it are made for the owner alone, and once is as good as twice', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('deep/down'))
  const before = process.umask(0)
  try {
    ensureStateFolder(paths)
    ensureStateFolder(paths)
  } finally {
    process.umask(before)
  }
  expect([folder.file('deep'), paths.folder, paths.locks].map(modeOf)).toEqual([0o700, 0o700, 0o700])
})

test('a file in place of the folder is an error', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('state'), '')
  expect(() => ensureStateFolder(statePaths(folder.file('state')))).toThrow()
})

test('a private file is 0600 whatever the mask, and one that exists is left as it is', () => {
  using folder = temporaryFolder()
  const before = process.umask(0)
  try {
    createPrivately(folder.file('new'))
    writeFileSync(folder.file('old'), 'content')
    createPrivately(folder.file('old'))
  } finally {
    process.umask(before)
  }
  expect([modeOf(folder.file('new')), statSync(folder.file('old')).size]).toEqual([0o600, 7])
  expect(() => createPrivately(folder.file('no/such/folder'))).toThrow(/ENOENT/)
})

test.each([0o644, 0o640, 0o604, 0o660, 0o666])(
  'a configuration of mode 0%o is made 0600 with a warning',
  (mode) => {
    using folder = temporaryFolder()
    const path = folder.file('.env')
    writeFileSync(path, 'A=1')
    chmodSync(path, mode)
    expect(tightenEnvFile(path)).toContain(`mode 0${mode.toString(8)}`)
    expect(modeOf(path)).toBe(0o600)
    expect(tightenEnvFile(path)).toBeUndefined()
  },
)

test('a configuration that is private, or not there, gives no warning', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  expect(tightenEnvFile(path)).toBeUndefined()
  writeFileSync(path, 'A=1', { mode: 0o400 })
  expect(tightenEnvFile(path)).toBeUndefined()
  expect(modeOf(path)).toBe(0o400)
})

test('reading the configuration changes nothing of it', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  writeFileSync(path, 'A=1')
  chmodSync(path, 0o644)
  expect(readEnvFile(path)).toEqual({ state: 'read', text: 'A=1', stamp: stampOf(path) })
  expect(modeOf(path)).toBe(0o644)
})

test('no configuration, or no folder for it, is absent; a folder in its place, or one without end, is unreadable', () => {
  using folder = temporaryFolder()
  expect(readEnvFile(folder.file('.env'))).toEqual({ state: 'absent' })
  writeFileSync(folder.file('file'), '')
  expect(readEnvFile(folder.file('file/.env'))).toEqual({ state: 'absent' })
  mkdirSync(folder.file('.env'))
  expect(readEnvFile(folder.file('.env'))).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('not a regular file'),
  })
  writeFileSync(folder.file('large'), 'x'.repeat(1024 * 1024 + 1))
  expect(readEnvFile(folder.file('large'))).toMatchObject({ state: 'unreadable' })
  symlinkSync('/dev/zero', folder.file('endless'))
  expect(readEnvFile(folder.file('endless'))).toMatchObject({ state: 'unreadable' })
})

test.skipIf(process.getuid?.() === 0)(
  'a configuration without the right to read it is unreadable, with the reason',
  () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('.env'), 'A=1', { mode: 0 })
    expect(readEnvFile(folder.file('.env'))).toMatchObject({
      state: 'unreadable',
      reason: expect.stringContaining('EACCES'),
    })
  },
)

test('the stamp is another one after each change, and empty while there is no file', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  const stamps = [stampOf(path)]
  writeFileSync(path, 'A=1')
  utimesSync(path, 1, 1)
  stamps.push(stampOf(path))
  utimesSync(path, 2, 2)
  stamps.push(stampOf(path))
  writeFileSync(path, 'A=12')
  stamps.push(stampOf(path))
  expect([stamps[0], new Set(stamps).size]).toEqual(['', 4])
})

test.each([0o777, 0o775, 0o722])('a folder of mode 0%o is closed to writers, with a sentence', (mode) => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('state'))
  mkdirSync(paths.folder)
  chmodSync(paths.folder, mode)
  expect(ensureStateFolder(paths)).toContain(`(mode 0${mode.toString(8)}); they cannot any more`)
  expect(modeOf(paths.folder)).toBe(mode & 0o755)
  expect(ensureStateFolder(paths)).toBeUndefined()
})

test('a folder that all users share keeps its rights, and the user is told', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('shared'))
  mkdirSync(paths.folder)
  chmodSync(paths.folder, 0o1777)
  expect(ensureStateFolder(paths)).toContain('name a folder of your own')
  expect(statSync(paths.folder).mode & 0o7777).toBe(0o1777)
})

test('a folder, or a configuration, of another user is not used, except by the administrator', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('state'))
  ensureStateFolder(paths)
  writeFileSync(paths.envFile, 'A=1')
  const { uid } = statSync(paths.folder)
  expect(() => ensureStateFolder(paths, uid + 1)).toThrow('belongs to another user')
  expect(readEnvFile(paths.envFile, uid + 1)).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('belongs to another user'),
  })
  for (const own of [uid, 0, undefined]) {
    expect(ensureStateFolder(paths, own)).toBeUndefined()
    expect(readEnvFile(paths.envFile, own).state).toBe('read')
  }
})

test('the folder may be reached by a link; a link in place of a folder in it is an error', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('far/away'), { recursive: true })
  symlinkSync(folder.file('far'), folder.file('link'))
  expect(ensureStateFolder(statePaths(folder.file('link')))).toBeUndefined()
  expect(ensureStateFolder(statePaths(folder.file('link/below')))).toBeUndefined()
  for (const name of ['locks', 'inbox']) {
    const paths = statePaths(folder.file(`with-${name}`))
    mkdirSync(paths.folder)
    symlinkSync(folder.file('far/away'), `${paths.folder}/${name}`)
    expect(() => ensureStateFolder(paths)).toThrow(`${name} is no folder, or a link: remove it`)
  }
})

test('a database, or a part of one, of another user is not used, except by the administrator', () => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    writeFileSync(path + suffix, '')
    const { uid } = statSync(path + suffix)
    for (const secondName of ['refused', 'accepted'] as const) {
      expect(() => createPrivately(path, secondName, uid + 1)).toThrow('belongs to another user')
    }
    for (const own of [uid, 0, undefined]) createPrivately(path, 'refused', own)
  }
})

const BESIDE = ['', '-wal', '-shm', '-journal']
test.each(BESIDE)(
  'a link or a second name in place of a database%s is refused and not written through',
  (suffix) => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('own'), 'own')
    const path = folder.file('ledger.db')
    symlinkSync(folder.file('own'), path + suffix)
    expect(() => Ledger.open(path)).toThrow('is not a regular file')
    rmSync(path + suffix)
    linkSync(folder.file('own'), path + suffix)
    expect(() => Ledger.open(path)).toThrow('has a second name')
    expect(readFileSync(folder.file('own'), 'utf8')).toBe('own')
    rmSync(path + suffix)
    Ledger.open(path).close()
  },
)
