import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readEnvFile, tightenEnvFile } from '../../../member/folder/env-file.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test.each([0o644, 0o640, 0o604, 0o660, 0o666])(
  'a configuration of mode 0%o becomes 0600, with a warning',
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

test('a private or missing configuration gives no warning', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  expect(tightenEnvFile(path)).toBeUndefined()
  writeFileSync(path, 'A=1', { mode: 0o400 })
  expect(tightenEnvFile(path)).toBeUndefined()
  expect(modeOf(path)).toBe(0o400)
})

test('what is no regular file keeps its mode: it may be a device or a folder of everybody', () => {
  using folder = temporaryFolder()
  const [path, target] = [folder.file('.env'), folder.file('folder')]
  mkdirSync(target)
  chmodSync(target, 0o755)
  symlinkSync(target, path)
  expect(tightenEnvFile(path)).toBeUndefined()
  expect(modeOf(target)).toBe(0o755)
})

test('reading the configuration does not change it', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  writeFileSync(path, 'A=1')
  chmodSync(path, 0o644)
  expect(readEnvFile(path)).toEqual({ state: 'read', text: 'A=1' })
  expect(modeOf(path)).toBe(0o644)
})

test('without a file or its folder, the configuration is absent; a folder or an endless file in its place is unreadable', () => {
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
  'a configuration we may not read is unreadable, with the reason',
  () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('.env'), 'A=1', { mode: 0 })
    expect(readEnvFile(folder.file('.env'))).toMatchObject({
      state: 'unreadable',
      reason: expect.stringContaining('EACCES'),
    })
  },
)

test('a configuration of another user is unreadable, except for the administrator', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  writeFileSync(path, 'A=1')
  const { uid } = statSync(path)
  expect(readEnvFile(path, uid + 1)).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('belongs to another user'),
  })
  for (const own of [uid, 0, undefined]) expect(readEnvFile(path, own).state).toBe('read')
})
