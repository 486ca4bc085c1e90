import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { holdsAny, searchFolder } from '../../scripts/secret-search.ts'

const MARK = 'CANARY0123456789'

test('a secret is found anywhere in any file below the folder, also across two reads', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('a/b'), { recursive: true })
  const filler = Buffer.alloc(1024 * 1024 - 8, 'x')
  writeFileSync(folder.file('start'), MARK)
  writeFileSync(folder.file('a/b/across'), Buffer.concat([filler, Buffer.from(MARK), filler]))
  writeFileSync(
    folder.file('a/end'),
    Buffer.concat([filler, filler, Buffer.from([0, 255]), Buffer.from(MARK)]),
  )
  writeFileSync(folder.file('a/none'), Buffer.concat([filler, Buffer.from(MARK.slice(1)), filler]))
  const found = searchFolder(folder.path, ['other', MARK]).map(({ path, at }) => [path, at])
  expect(found.toSorted()).toEqual([
    [folder.file('a/b/across'), filler.length],
    [folder.file('a/end'), 2 * filler.length + 2],
    [folder.file('start'), 0],
  ])
})

test('links are not followed, and pipes are not opened', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('outside'), MARK)
  mkdirSync(folder.file('inside'))
  symlinkSync(folder.file('outside'), folder.file('inside/link'))
  symlinkSync(folder.path, folder.file('inside/folder'))
  symlinkSync(folder.file('inside/loop'), folder.file('inside/loop'))
  Bun.spawnSync(['mkfifo', folder.file('inside/pipe')])
  expect(searchFolder(folder.file('inside'), [MARK])).toEqual([])
})

test.each(['', 'a', 'ab', 'Bearer '])('a secret in base64 is found after %j', (before) => {
  for (const encoding of ['base64', 'base64url'] as const) {
    const encoded = Buffer.from(`${before}${MARK} and more`).toString(encoding)
    expect(holdsAny(`{"Authorization":"${encoded}"}`, [MARK])).toBe(true)
  }
  expect(holdsAny(Buffer.from(`${before}${MARK.slice(2)}`).toString('base64'), [MARK])).toBe(false)
})
