/** Files whose content is in the message itself. */
import { describe, expect, test } from 'bun:test'
import { rm, stat } from 'node:fs/promises'
import { systemClock } from '../../../base/clock.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
import { FileStore } from '../../../member/files/file-store.ts'
import { IncomingFiles } from '../../../member/files/incoming-files.ts'
import { OWN_ID } from '../../fixtures/lying-platform.ts'

const MESSAGE = { workspaceId: OWN_ID, activityId: crypto.randomUUID() }
const file = (base64: string | null, more: Partial<Attachment> = {}): Attachment => ({
  uri: '',
  base64,
  name: 'a.txt',
  mimeType: 'text/plain',
  size: null,
  ...more,
})
const inside = (content: string | Uint8Array, more: Partial<Attachment> = {}) =>
  file(Buffer.from(content).toString('base64'), more)

function startKeeping() {
  const folder = temporaryFolder()
  const files = new IncomingFiles({
    clock: systemClock,
    store: new FileStore(folder.path, 1_000, 50_000, systemClock),
    client: () => undefined,
    signal: new AbortController().signal,
    log: () => {},
  })
  return {
    prepare: async (...list: readonly Attachment[]) => files.prepare(MESSAGE, list),
    prepareOf: async (activityId: string, ...list: readonly Attachment[]) =>
      files.prepare({ ...MESSAGE, activityId }, list),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

describe('a file inside the message', () => {
  test('is kept under a safe name, for its owner alone, and a repeat of the message finds it', async () => {
    using scene = startKeeping()
    const [shown] = await scene.prepare(
      inside('a,b\n1,2\n', { name: '../../売上.csv', mimeType: 'text/csv' }),
    )
    expect(shown).toMatchObject({ name: '../../売上.csv', mimeType: 'text/csv', kind: 'file' })
    const path = shown?.path ?? ''
    expect(path).toMatch(/\/[0-9a-f-]{36}-売上\.csv$/)
    expect(await Bun.file(path).text()).toBe('a,b\n1,2\n')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(
      await scene.prepare(inside('a,b\n1,2\n', { name: '../../売上.csv', mimeType: 'text/csv' })),
    ).toEqual([shown ?? expect.unreachable()])
  })

  test('is kept whatever the id of the message, and apart from the files of other messages', async () => {
    using scene = startKeeping()
    const ids = [`answer-${MESSAGE.activityId}`, `delegation-${MESSAGE.activityId}`, MESSAGE.activityId]
    const paths = await Promise.all(
      ids.map(async (id) =>
        (await scene.prepareOf(id, inside(id), inside(id))).map(({ path }) => path ?? ''),
      ),
    )
    expect(new Set(paths.flat()).size).toBe(6)
    const texts = await Promise.all(paths.flat().map((path) => Bun.file(path).text()))
    expect(texts).toEqual(ids.flatMap((id) => [id, id]))
  })

  test('has a name on disk even if its sender gave none, and a type by its content', async () => {
    using scene = startKeeping()
    const png = Buffer.from('\x89PNG\r\n\x1a\n rest', 'latin1')
    const [unnamed, image, fake] = await scene.prepare(
      inside('x', { name: 'file' }),
      inside(png, { name: 'p.txt', mimeType: '' }),
      inside('not an image', { name: 'p.png', mimeType: 'image/png' }),
    )
    expect(unnamed?.path).toEndWith('-file.txt')
    expect(image).toMatchObject({ kind: 'image', path: expect.stringMatching(/-p\.png$/) })
    expect(fake).toMatchObject({ kind: 'file', path: expect.stringMatching(/-p\.bin$/) })
  })

  test.each([
    ['is empty', '', 'not kept: it is empty'],
    ['is larger than allowed', btoa('x'.repeat(1_001)), 'not kept: it is larger than 0 MB'],
    ['is not base64', 'not base64!', 'not kept: it has content that is not valid base64'],
  ])('that %s is named, with the reason, and the others are kept', async (_title, base64, error) => {
    using scene = startKeeping()
    const [bad, good] = await scene.prepare(file(base64), inside('good'))
    expect(bad).toEqual({ name: 'a.txt', mimeType: 'text/plain', kind: 'file', error })
    expect(good).toHaveProperty('path')
  })

  test('may be in the alphabet of URLs, without padding, or in lines', async () => {
    using scene = startKeeping()
    const content = Buffer.from([251, 255, 190, 1])
    const forms = [content.toString('base64url'), content.toString('base64').replace(/^..../, '$&\r\n')]
    const shown = await scene.prepare(...forms.map((base64) => file(base64)))
    for (const { path = '' } of shown) expect(await Bun.file(path).bytes()).toEqual(new Uint8Array(content))
  })

  test('is found on disk without its content in the message, and is named when it is gone', async () => {
    using scene = startKeeping()
    const [kept] = await scene.prepare(inside('x'))
    expect(await scene.prepare(file(null))).toEqual([kept ?? expect.unreachable()])
    await rm(kept?.path ?? '')
    expect(await scene.prepare(file(null))).toMatchObject([
      { name: 'a.txt', error: 'not kept: it was removed from this machine since the message came' },
    ])
  })

  test('counts among the first ten', async () => {
    using scene = startKeeping()
    const shown = await scene.prepare(...Array.from({ length: 12 }, () => inside('x')))
    expect(shown.map(({ error }) => error)).toEqual([
      ...Array.from({ length: 10 }, () => undefined),
      'not kept: it is not among the first 10 files of the message',
      'not kept: it is not among the first 10 files of the message',
    ])
  })
})
