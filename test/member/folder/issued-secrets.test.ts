import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readIssued, storeIssued } from '../../../member/folder/issued-secrets.ts'

test('secrets are kept by workspace and by kind, and a newer one replaces the older', () => {
  using folder = temporaryFolder()
  const path = folder.file('issued.json')
  storeIssued(path, 'a', { authToken: 'one' })
  storeIssued(path, 'b', { inboundSecret: 'two' })
  storeIssued(path, 'a', { inboundSecret: 'three' })
  storeIssued(path, 'a', { authToken: 'four' })
  expect([readIssued(path, 'a'), readIssued(path, 'b'), readIssued(path, 'c')]).toEqual([
    { authToken: 'four', inboundSecret: 'three' },
    { inboundSecret: 'two' },
    {},
  ])
})

test('the file is for the owner alone from the start, and nothing is left beside it', () => {
  using folder = temporaryFolder()
  const path = folder.file('issued.json')
  writeFileSync(path, '{}', { mode: 0o666 })
  const before = process.umask(0)
  try {
    storeIssued(path, 'a', { authToken: 'one' })
  } finally {
    process.umask(before)
  }
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder.path)).toEqual(['issued.json'])
})

test('secrets that are already there are not written again', () => {
  using folder = temporaryFolder()
  const path = folder.file('issued.json')
  storeIssued(path, 'a', { authToken: 'one' })
  const { ino } = statSync(path)
  storeIssued(path, 'a', { authToken: 'one' })
  expect(statSync(path).ino).toBe(ino)
})

test.each(['', 'null', '[]', '{"a":', '{"a": 7}', '\u0000'])(
  'a file that holds %j counts as none',
  (text) => {
    using folder = temporaryFolder()
    const path = folder.file('issued.json')
    writeFileSync(path, text)
    expect(readIssued(path, 'a')).toEqual({})
    storeIssued(path, 'a', { authToken: 'one' })
    expect(readIssued(path, 'a')).toEqual({ authToken: 'one' })
  },
)

test('a damaged entry does not cost the others', () => {
  using folder = temporaryFolder()
  const path = folder.file('issued.json')
  writeFileSync(path, '{"a": {"authToken": 7}, "b": {"authToken": "two"}}')
  storeIssued(path, 'c', { authToken: 'three' })
  expect(readIssued(path, 'b')).toEqual({ authToken: 'two' })
})

test('a write that fails throws, and what was there stays', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('folder'))
  expect(() => storeIssued(folder.file('folder'), 'a', { authToken: 'one' })).toThrow()
  const path = folder.file('issued.json')
  storeIssued(path, 'a', { authToken: 'one' })
  expect(() => storeIssued(folder.file('no/such/folder.json'), 'a', { authToken: 'two' })).toThrow()
  expect(readFileSync(path, 'utf8')).toContain('one')
})
