import { describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readEnvFile, tightenEnvFile } from '../../../member/folder/env-file.ts'

const isRoot = process.getuid?.() === 0
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

test('anything but a regular file keeps its mode: it may be a shared device or folder', () => {
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

test.skipIf(isRoot)('a configuration we may not read is unreadable, with the reason', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('.env'), 'A=1', { mode: 0 })
  expect(readEnvFile(folder.file('.env'))).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('EACCES'),
  })
})

test('a configuration of another user is unreadable, except for the administrator', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  writeFileSync(path, 'A=1')
  if (isRoot) chownSync(path, 4242, 4242)
  const { uid } = statSync(path)
  expect(readEnvFile(path, uid + 1)).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('belongs to another user'),
  })
  for (const own of [uid, 0, undefined]) expect(readEnvFile(path, own).state).toBe('read')
})

describe.skipIf(!isRoot)('a configuration of the administrator', () => {
  const SOMEBODY = 12_345

  test.each([0o440, 0o400, 0o640, 0o444])('of mode 0%o is read, and its mode stays', (mode) => {
    using folder = temporaryFolder()
    const path = folder.file('secret')
    writeFileSync(path, 'A=1')
    chmodSync(path, mode)
    symlinkSync(path, folder.file('.env'))
    expect(readEnvFile(folder.file('.env'), SOMEBODY)).toEqual({ state: 'read', text: 'A=1' })
    const warning = tightenEnvFile(folder.file('.env'), SOMEBODY)
    if (mode === 0o444) expect(warning).toEndWith('(mode 0444): have its owner run chmod o= on it.')
    else expect(warning).toBeUndefined()
    expect(modeOf(path)).toBe(mode)
  })

  test.each([0o460, 0o666, 0o642])(
    'of mode 0%o is unreadable, because others could have written it',
    (mode) => {
      using folder = temporaryFolder()
      const path = folder.file('.env')
      writeFileSync(path, 'A=1')
      chmodSync(path, mode)
      expect(readEnvFile(path, SOMEBODY)).toEqual({
        state: 'unreadable',
        reason: `${path} belongs to root, and others can write to it (mode 0${mode.toString(8)}): have root run chmod go-w on it`,
      })
    },
  )
})

describe('a configuration in another encoding', () => {
  const text = 'MOLECULE_AGENT_NAME="Zoë 売"\r\n'
  const little = Buffer.from(text, 'utf16le')
  const big = Buffer.from(little).swap16()
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 of Windows', Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
    ['UTF-16 of the network', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
    ['UTF-16 of Windows without a mark', little],
    ['UTF-16 of the network without a mark', big],
  ]
  test.each([...cases])('is read in %s', (_what, bytes) => {
    using folder = temporaryFolder()
    const path = folder.file('.env')
    writeFileSync(path, bytes)
    expect(readEnvFile(path)).toEqual({ state: 'read', text })
  })

  test('is read as far as possible in an old one, and is told apart from binary data', () => {
    using folder = temporaryFolder()
    const path = folder.file('.env')
    writeFileSync(path, Buffer.from('A=Zo\u00eb\n', 'latin1'))
    expect(readEnvFile(path)).toEqual({ state: 'read', text: 'A=Zo\ufffd\n' })
    for (const bytes of [[0xff, 0xfe, 0, 0, 0x41, 0, 0, 0], [...Buffer.from('A=1\0')], [0, 0]]) {
      writeFileSync(path, Buffer.from(bytes))
      expect(readEnvFile(path)).toEqual({
        state: 'unreadable',
        reason: `${path} is not a text file: save it as UTF-8`,
      })
    }
    for (const bytes of [[], [0x41]]) {
      writeFileSync(path, Buffer.from(bytes))
      expect(readEnvFile(path)).toMatchObject({ state: 'read' })
    }
  })
})
