import { expect, test } from 'bun:test'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { changeEnvFile } from '../../../member/folder/env-file-change.ts'
import { statePaths } from '../../../member/folder/state-folder.ts'
import { withSettings } from '../../../member/settings/env-file-text.ts'

test.each([
  ['', 'MOLECULE_A="1"\n'],
  ['# mine\nOTHER=x', '# mine\nOTHER=x\nMOLECULE_A="1"\n'],
  ['MOLECULE_A=0\r\nOTHER=x\r\n', 'MOLECULE_A="1"\nOTHER=x\n'],
  ["a=1\nexport MOLECULE_A = '0'\nb=2\nMOLECULE_A=3\n", 'a=1\nMOLECULE_A="1"\nb=2\n'],
  ['MOLECULE_B=0\n#MOLECULE_A=0\n', 'MOLECULE_A="1"\n#MOLECULE_A=0\n'],
])(
  'of %j, the settings that change are replaced where they stood, and every other line stays',
  (text, expected) => {
    expect(withSettings(text, { MOLECULE_A: '1', MOLECULE_B: undefined })).toBe(expected)
  },
)

test('the file has mode 0600, its folder 0700, and nothing else is left in it', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('state'))
  changeEnvFile(paths, { MOLECULE_A: '1' })
  expect(statSync(paths.folder).mode & 0o777).toBe(0o700)
  expect(statSync(paths.envFile).mode & 0o777).toBe(0o600)
  chmodSync(paths.envFile, 0o644)
  changeEnvFile(paths, { MOLECULE_A: '2' })
  expect(statSync(paths.envFile).mode & 0o777).toBe(0o600)
  expect(readdirSync(paths.folder).sort()).toEqual(['.env', 'locks'])
})

test('a link stays, and the file it leads to is changed; what cannot be read is left alone', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.file('state'))
  mkdirSync(paths.folder, { mode: 0o700 })
  writeFileSync(folder.file('elsewhere'), 'OTHER=x\n', { mode: 0o600 })
  symlinkSync(folder.file('elsewhere'), paths.envFile)
  changeEnvFile(paths, { MOLECULE_A: '1' })
  expect(lstatSync(paths.envFile).isSymbolicLink()).toBe(true)
  expect(readFileSync(folder.file('elsewhere'), 'utf8')).toBe('OTHER=x\nMOLECULE_A="1"\n')
  const other = statePaths(folder.file('other'))
  mkdirSync(other.envFile, { recursive: true })
  expect(() => changeEnvFile(other, { MOLECULE_A: '1' })).toThrow('is not a regular file')
})
