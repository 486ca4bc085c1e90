import { describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { SecretSearch } from '../../../base/secret-search.ts'
import { systemDisk } from '../../../base/sqlite.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { OpenFile, type OutgoingRules, RefusedFile } from '../../../member/files/outgoing-files.ts'
import { LockFile } from '../../../member/folder/lock.ts'
import { rejection } from '../../fixtures/lying-platform.ts'

const rulesIn = (folder: TemporaryFolder, more: Partial<OutgoingRules> = {}): OutgoingRules => ({
  maxBytes: 1_000_000,
  stateFolder: folder.file('state'),
  roots: undefined,
  ...more,
})

async function readAll(file: OpenFile): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync({ [Symbol.asyncIterator]: file.read }))
}

async function refusal(path: string, rules: OutgoingRules): Promise<string> {
  const error = await rejection(OpenFile.open(path, rules))
  expect(error).toBeInstanceOf(RefusedFile)
  return error instanceof Error ? error.message : ''
}

describe('an open file', () => {
  test('has its name, size, type and content', async () => {
    using folder = temporaryFolder()
    const content = Buffer.alloc(700_000, 'abc')
    writeFileSync(folder.file('a b.md'), content)
    const file = await OpenFile.open(folder.file('a b.md'), rulesIn(folder))
    expect([file.name, file.size, file.mimeType]).toEqual(['a b.md', 700_000, 'text/markdown'])
    expect((await readAll(file)).equals(content)).toBeTrue()
    await file.close()
  })

  test('is an image only if its content is', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('a.png'), 'no image')
    const file = await OpenFile.open(folder.file('a.png'), rulesIn(folder))
    expect(file.mimeType).toBe('application/octet-stream')
    await file.close()
  })

  test('stays the file that was judged when another takes its name', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('a.txt'), 'judged')
    const file = await OpenFile.open(folder.file('a.txt'), rulesIn(folder))
    writeFileSync(folder.file('.env'), 'SECRET')
    renameSync(folder.file('.env'), folder.file('a.txt'))
    expect(String(await readAll(file))).toBe('judged')
    await file.close()
  })

  test('is never a secret that takes its place, or that of its folder, while it is being opened', async () => {
    using folder = temporaryFolder()
    for (const name of ['good', 'evil', 'good/below', 'evil/below']) mkdirSync(folder.file(name))
    writeFileSync(folder.file('good/below/a.txt'), 'fine')
    writeFileSync(folder.file('evil/below/a.txt'), 'SECRET')
    writeFileSync(folder.file('good/a.txt'), 'fine')
    writeFileSync(folder.file('evil/a.txt'), 'SECRET')
    writeFileSync(folder.file('.env'), 'SECRET')
    // Replaces the file and a folder above it as fast as the disk allows.
    await using other = startSecondProcess(
      `
import { renameSync, symlinkSync, rmSync } from 'node:fs'
const folder = process.argv.at(-1)
console.log('begun')
for (;;) {
  for (const [target, name] of [['good', 'way'], ['evil', 'way'], ['.env', 'file'], ['good/a.txt', 'file']]) {
    symlinkSync(folder + '/' + target, folder + '/next')
    renameSync(folder + '/next', folder + '/' + name)
  }
  // A folder on the real path becomes a link, and a folder again.
  renameSync(folder + '/good/below', folder + '/good/aside')
  symlinkSync(folder + '/evil/below', folder + '/good/below')
  rmSync(folder + '/good/below')
  renameSync(folder + '/good/aside', folder + '/good/below')
}`,
      folder.path,
    )
    await other.line()
    const rules = rulesIn(folder, { roots: [folder.file('good')] })
    const seen = new Set<string>()
    for (let n = 0; n < 300; n++) {
      for (const path of [folder.file('way/a.txt'), folder.file('file'), folder.file('good/below/a.txt')]) {
        try {
          const file = await OpenFile.open(path, rules)
          seen.add(String(await readAll(file)))
          await file.close()
        } catch (error) {
          if (!(error instanceof RefusedFile)) throw error
          seen.add('refused')
        }
      }
    }
    expect([...seen].toSorted()).toEqual(['fine', 'refused'])
  })

  test('gives what it held when it was judged, and fails when that is gone', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('a.txt'), '12345')
    const file = await OpenFile.open(folder.file('a.txt'), rulesIn(folder))
    appendFileSync(folder.file('a.txt'), '678')
    expect(String(await readAll(file))).toBe('12345')
    truncateSync(folder.file('a.txt'), 2)
    expect(String(await rejection(readAll(file)))).toContain('became shorter')
    await file.close()
  })
})

describe('a file that is refused', () => {
  test('is a pipe, without waiting for its writer', async () => {
    using folder = temporaryFolder()
    Bun.spawnSync(['mkfifo', folder.file('pipe')])
    expect(await refusal(folder.file('pipe'), rulesIn(folder))).toContain('not a regular file')
  })

  test('is a link to itself, or to nothing', async () => {
    using folder = temporaryFolder()
    symlinkSync(folder.file('loop'), folder.file('loop'))
    symlinkSync(folder.file('nothing'), folder.file('nowhere'))
    expect(await refusal(folder.file('loop'), rulesIn(folder))).toContain('is a link to itself')
    expect(await refusal(folder.file('nowhere'), rulesIn(folder))).toContain('does not exist')
  })

  test('is one byte larger than allowed, but not exactly as large', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('a.txt'), '12345')
    await (await OpenFile.open(folder.file('a.txt'), rulesIn(folder, { maxBytes: 5 }))).close()
    expect(await refusal(folder.file('a.txt'), rulesIn(folder, { maxBytes: 4 }))).toContain('more than the')
  })

  test('has another hard link, which may be to a secret', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('id_rsa'), 'key')
    linkSync(folder.file('id_rsa'), folder.file('a.txt'))
    expect(await refusal(folder.file('a.txt'), rulesIn(folder))).toContain('hard link')
  })

  test('is a hard link to a lock that this process holds, and the lock stays held', async () => {
    using folder = temporaryFolder()
    const lock = new LockFile(folder.file('a.lock'), systemDisk)
    expect(lock.tryTake().state).toBe('held')
    linkSync(folder.file('a.lock'), folder.file('a.txt'))
    expect(await refusal(folder.file('a.txt'), rulesIn(folder))).toContain('hard link')
    await using other = startSecondProcess(
      "import { systemDisk } from '@/base/sqlite.ts'; import { LockFile } from '@/member/folder/lock.ts'; console.log(new LockFile(process.argv.at(-1), systemDisk).tryTake().state)",
      folder.file('a.lock'),
    )
    expect(await other.line()).toBe('busy')
    lock.close()
  })

  test('is in the state folder, even by a link or in other capitals', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('state'))
    mkdirSync(folder.file('STATE'), { recursive: true })
    symlinkSync(folder.file('state'), folder.file('link'))
    for (const name of ['state/a.txt', 'STATE/a.txt']) writeFileSync(folder.file(name), 'x')
    for (const name of ['state/a.txt', 'link/a.txt', 'STATE/a.txt', 'x/../state/a.txt']) {
      mkdirSync(folder.file('x'), { recursive: true })
      expect(await refusal(folder.file(name), rulesIn(folder))).toContain('is in the state folder')
    }
  })

  test('is in the state folder of another configuration, whatever its name', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('far/second/locks'), { recursive: true })
    mkdirSync(folder.file('far/second/inbox/x'), { recursive: true })
    symlinkSync(folder.file('far'), folder.file('link'))
    for (const name of ['ledger.db', 'issued-secrets.json', 'inbox/x/a.txt']) {
      writeFileSync(folder.file(`far/second/${name}`), 'x')
    }
    for (const name of ['far/second/issued-secrets.json', 'link/second/inbox/x/a.txt']) {
      expect(await refusal(folder.file(name), rulesIn(folder))).toContain('is in the state folder')
    }
  })

  test('is in a folder of secrets that is a link to a place with an innocent name', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('data/k'), { recursive: true })
    mkdirSync(folder.file('home'))
    writeFileSync(folder.file('data/k/config'), 'x')
    await (await OpenFile.open(folder.file('data/k/config'), rulesIn(folder))).close()
    symlinkSync(folder.file('data/k'), folder.file('home/.ssh'))
    const rules = rulesIn(folder, { home: folder.file('home') })
    for (const name of ['data/k/config', 'home/.ssh/config']) {
      expect(await refusal(folder.file(name), rules)).toContain('is in a folder for keys or logins')
    }
  })

  test('is outside the allowed folders, as every file is when none is allowed', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('out'))
    symlinkSync(folder.file('out'), folder.file('link'))
    writeFileSync(folder.file('out/a.txt'), 'x')
    writeFileSync(folder.file('b.txt'), 'x')
    const allowing = (...roots: string[]) => rulesIn(folder, { roots })
    for (const root of ['out', 'link', '']) {
      await (await OpenFile.open(folder.file('out/a.txt'), allowing(folder.file(root)))).close()
    }
    expect(await refusal(folder.file('b.txt'), allowing(folder.file('out')))).toContain('is outside')
    expect(await refusal(folder.file('out/a.txt'), allowing(folder.file('ou')))).toContain('is outside')
    expect(await refusal(folder.file('out/a.txt'), allowing())).toContain('(none)')
    expect(await refusal(folder.file('out/a.txt'), allowing(folder.file('missing')))).toContain('is outside')
  })
})

describe('a token of this session', () => {
  test('is found anywhere in a file, also across the parts in which it is read', async () => {
    using folder = temporaryFolder()
    const token = 'a-token-of-this-session'
    const rules = rulesIn(folder, { secrets: new SecretSearch([token]) })
    for (const before of [0, 256 * 1024 - 10, 600_000]) {
      writeFileSync(folder.file('notes.txt'), `${'x'.repeat(before)}${token}\n`)
      expect(await refusal(folder.file('notes.txt'), rules)).toBe(
        'holds a token of this session: nothing that holds one is ever sent',
      )
    }
    writeFileSync(folder.file('notes.txt'), 'x'.repeat(600_000))
    await (await OpenFile.open(folder.file('notes.txt'), rules)).close()
  })
})

describe('what is hidden in a home folder', () => {
  test('is refused unless the user allowed its hidden folder, and hidden folders of a project are not', async () => {
    using folder = temporaryFolder()
    for (const name of ['.config/app', 'project/.github']) {
      mkdirSync(folder.file(name), { recursive: true })
      writeFileSync(folder.file(`${name}/a.yml`), 'x: 1')
    }
    writeFileSync(folder.file('.plan'), 'holidays')
    const rules = rulesIn(folder, { home: folder.path })
    const hidden = folder.file('.config/app/a.yml')
    expect(await refusal(hidden, rules)).toContain('is hidden in a home folder')
    expect(await refusal(folder.file('.plan'), rules)).toContain('is hidden in a home folder')
    expect(await refusal(hidden, { ...rules, roots: [folder.path] })).toContain('is hidden in a home folder')
    for (const [path, roots] of [
      [hidden, [folder.file('.config/app')]],
      [folder.file('project/.github/a.yml'), undefined],
    ] as const) {
      await (await OpenFile.open(path, { ...rules, roots })).close()
    }
  })
})
