import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { ensureStateFolder, statePaths } from '../../../member/folder/state-folder.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test('the folder and those above it are created for the owner alone, and doing it twice changes nothing', () => {
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

test('a folder that this user may not create is an error that names the setting', () => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o555)
  const paths = statePaths(folder.file('deep/state'))
  // The administrator may create folders anywhere.
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(12_345)
  try {
    expect(() => ensureStateFolder(paths)).toThrow(
      `EACCES: permission denied, mkdir '${folder.file('deep')}': set MOLECULE_STATE_DIR to a folder of your own`,
    )
  } finally {
    if (isRoot) process.seteuid?.(0)
    chmodSync(folder.path, 0o700)
  }
})

test.each([0o777, 0o775, 0o722])(
  'a folder of mode 0%o is closed to other writers, with a warning',
  (mode) => {
    using folder = temporaryFolder()
    const paths = statePaths(folder.file('state'))
    mkdirSync(paths.folder)
    chmodSync(paths.folder, mode)
    expect(ensureStateFolder(paths)).toContain(`(mode 0${mode.toString(8)}), which is closed to them now`)
    expect(modeOf(paths.folder)).toBe(mode & 0o755)
    expect(ensureStateFolder(paths)).toBeUndefined()
  },
)

test('a folder that all users share keeps its mode, and the user gets a warning', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('shared'))
  mkdirSync(paths.folder)
  chmodSync(paths.folder, 0o1777)
  expect(ensureStateFolder(paths)).toContain('set MOLECULE_STATE_DIR to a folder of your own')
  expect(statSync(paths.folder).mode & 0o7777).toBe(0o1777)
})

test('a folder of another user is an error, except for the administrator', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('state'))
  ensureStateFolder(paths)
  const { uid } = statSync(paths.folder)
  expect(() => ensureStateFolder(paths, uid + 1)).toThrow('belongs to another user')
  for (const own of [uid, 0, undefined]) expect(ensureStateFolder(paths, own)).toBeUndefined()
})

test('the folder may be reached through a link; a link in place of a folder inside it is an error', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('far/away'), { recursive: true })
  symlinkSync(folder.file('far'), folder.file('link'))
  expect(ensureStateFolder(statePaths(folder.file('link')))).toBeUndefined()
  expect(ensureStateFolder(statePaths(folder.file('link/below')))).toBeUndefined()
  for (const name of ['locks', 'inbox']) {
    const paths = statePaths(folder.file(`with-${name}`))
    mkdirSync(paths.folder)
    symlinkSync(folder.file('far/away'), `${paths.folder}/${name}`)
    expect(() => ensureStateFolder(paths)).toThrow(`${name} is a link, or not a folder: remove it`)
  }
})
