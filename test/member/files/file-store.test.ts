import { describe, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { FileStore, type FileToStore, UnusableFile } from '../../../member/files/file-store.ts'
import { rejection } from '../../fixtures/lying-platform.ts'

const WORKSPACE = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const newId = (): string => crypto.randomUUID()

const arrival = (more: Partial<FileToStore> = {}): FileToStore => ({
  workspaceId: WORKSPACE,
  fileId: newId(),
  name: 'a.txt',
  mimeType: 'text/plain',
  lengths: [],
  ...more,
})

async function* parts(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

describe('a stored file', () => {
  test('gets its name once it is complete, and is found by its id', async () => {
    using folder = temporaryFolder()
    const store = new FileStore(folder.file('inbox'), 100, 1_000, systemClock)
    const one = arrival({ name: '../x y.txt' })
    expect(await store.find(WORKSPACE, one.fileId)).toBeUndefined()
    async function* watched(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ab')
      expect(await store.find(WORKSPACE, one.fileId)).toBeUndefined()
      yield Buffer.from('c')
    }
    const kept = await store.keep(one, watched())
    expect(kept).toMatchObject({ path: folder.file(`inbox/${WORKSPACE}/${one.fileId}-x_y.txt`) })
    expect(await store.find(WORKSPACE, one.fileId)).toEqual(kept)
    expect(await store.find(newId(), one.fileId)).toBeUndefined()
    expect(readFileSync(kept.path, 'utf8')).toBe('abc')
  })

  test('has its kind by content, even if that comes a byte at a time, and when it is found again', async () => {
    using folder = temporaryFolder()
    const store = new FileStore(folder.path, 100, 1_000, systemClock)
    const one = arrival({ name: 'a' })
    const kept = await store.keep(one, parts(...'%PDF-1.7 and more'))
    expect(kept.kind?.mimeType).toBe('application/pdf')
    expect((await store.find(WORKSPACE, one.fileId))?.kind).toEqual(kept.kind)
  })

  test.each([
    ['too large', arrival(), ['12345', '123456'], 'is larger than'],
    ['empty', arrival(), [], 'is empty'],
    ['shorter than announced', arrival({ lengths: [5, 6] }), ['12345'], 'has 5 bytes instead of 6'],
    ['longer than announced', arrival({ lengths: [4] }), ['12345'], 'has 5 bytes instead of 4'],
  ] as const)('is removed again when it is %s', async (_what, one, content, words) => {
    using folder = temporaryFolder()
    const store = new FileStore(folder.path, 10, 1_000, systemClock)
    const error = await rejection(store.keep(one, parts(...content)))
    expect(error).toBeInstanceOf(UnusableFile)
    expect(String(error)).toContain(words)
    expect(readdirSync(folder.file(WORKSPACE))).toEqual([])
  })

  test('is removed again when it breaks off, with the reason', async () => {
    using folder = temporaryFolder()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ab')
      throw new Error('connection lost')
    }
    const store = new FileStore(folder.path, 10, 1_000, systemClock)
    expect(String(await rejection(store.keep(arrival(), broken())))).toContain('connection lost')
    expect(readdirSync(folder.file(WORKSPACE))).toEqual([])
  })

  test('is found in a copy of the folder made with hard links', async () => {
    using folder = temporaryFolder()
    const store = new FileStore(folder.path, 10, 1_000, systemClock)
    const one = arrival()
    const { path } = await store.keep(one, parts('12345'))
    linkSync(path, folder.file('copy'))
    expect((await store.find(WORKSPACE, one.fileId))?.path).toBe(path)
  })

  test.each([
    ['link', (own: string, path: string) => symlinkSync(own, path)],
    ['hard link', (own: string, path: string) => linkSync(own, path)],
    ['pipe', (_: string, path: string) => void Bun.spawnSync(['mkfifo', path])],
  ])('is never a %s in its place', async (_what, plant) => {
    using folder = temporaryFolder()
    mkdirSync(folder.file(WORKSPACE))
    writeFileSync(folder.file('own'), 'of somebody else')
    const one = arrival()
    plant(folder.file('own'), folder.file(`${WORKSPACE}/${one.fileId}-a.txt`))
    const store = new FileStore(folder.path, 10, 1_000, systemClock)
    expect(await store.find(WORKSPACE, one.fileId)).toBeUndefined()
  })
})

describe('all files together', () => {
  test('stay within the bound over all workspaces: the oldest are removed first, and the newest stays', async () => {
    using folder = temporaryFolder()
    const store = new FileStore(folder.path, 100, 25, systemClock)
    const kept: string[] = []
    for (const [index, workspaceId] of [newId(), newId(), newId()].entries()) {
      const { path } = await store.keep(arrival({ workspaceId }), parts('1234567890'))
      utimesSync(path, 1_000 + index, 1_000 + index)
      kept.push(path)
    }
    const left = () => kept.filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)
    expect(left()).toEqual(kept.slice(1))
    kept.push((await store.keep(arrival(), parts('x'.repeat(60)))).path)
    expect(left()).toEqual(kept.slice(3))
  })

  test('do not include an old partial file of an earlier process, which is removed', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file(WORKSPACE))
    const [old, young] = [newId(), newId()]
    const now = Date.UTC(2026, 6, 1)
    for (const [name, ageMs] of [
      [old, 2 * 60 * 60_000],
      [young, 60_000],
    ] as const) {
      const path = folder.file(`${WORKSPACE}/.${name}.part`)
      writeFileSync(path, 'half')
      utimesSync(path, (now - ageMs) / 1_000, (now - ageMs) / 1_000)
    }
    await new FileStore(folder.path, 10, 1_000, { now: () => now }).keep(arrival(), parts('x'))
    const partial = readdirSync(folder.file(WORKSPACE)).filter((name) => name.endsWith('.part'))
    expect(partial).toEqual([`.${young}.part`])
  })

  test('do not include what is behind a link or has another kind of name, which stays', async () => {
    using folder = temporaryFolder()
    const [linked, file] = [newId(), `${newId()}-a.txt`]
    for (const place of ['own', 'inbox', `inbox/${WORKSPACE}`, 'inbox/notes']) {
      mkdirSync(folder.file(place), { recursive: true })
    }
    symlinkSync(folder.file('own'), folder.file(`inbox/${linked}`))
    const others = [
      `own/${file}`,
      `inbox/${WORKSPACE}/a.txt`,
      `inbox/${WORKSPACE}/.x.part`,
      `inbox/notes/${file}`,
    ]
    for (const other of others) {
      writeFileSync(folder.file(other), 'x'.repeat(50))
      utimesSync(folder.file(other), 1_000, 1_000)
    }
    await new FileStore(folder.file('inbox'), 100, 20, systemClock).keep(arrival(), parts('x'))
    expect(others.filter((other) => existsSync(folder.file(other)))).toEqual(others)
  })

  test.each(['inbox', `inbox/${WORKSPACE}`])(
    'do not include what is behind a link in place of the folder %s: nothing is found, stored or removed through it',
    async (linked) => {
      using folder = temporaryFolder()
      const one = arrival()
      mkdirSync(folder.file(`own/${WORKSPACE}`), { recursive: true })
      if (linked !== 'inbox') mkdirSync(folder.file('inbox'))
      symlinkSync(folder.file(linked === 'inbox' ? 'own' : `own/${WORKSPACE}`), folder.file(linked))
      writeFileSync(folder.file(`own/${WORKSPACE}/${one.fileId}-a.txt`), 'own')
      const store = new FileStore(folder.file('inbox'), 100, 1_000, systemClock)
      expect(await store.find(WORKSPACE, one.fileId)).toBeUndefined()
      expect(String(await rejection(store.keep(arrival(), parts('x'))))).toContain('is a link')
      expect(readdirSync(folder.file(`own/${WORKSPACE}`))).toEqual([`${one.fileId}-a.txt`])
    },
  )
})
