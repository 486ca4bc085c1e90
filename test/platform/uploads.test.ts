/** How uploaded files are kept: in parts, which are stored while they arrive. */
import { Database } from 'bun:sqlite'
import { afterAll, afterEach, expect, spyOn, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../lab/driver/until.ts'
import { startPlatform } from '../../platform/platform.ts'
import { closeDatabase, MEMORY, openDatabase } from '../../platform/store/database.ts'
import { APPLICATION_ID, MIGRATIONS } from '../../platform/store/schema.ts'
import { PART_BYTES, UploadParts } from '../../platform/store/upload-parts.ts'
import type { Member } from '../../platform/team.ts'
import { Client, rowsOf } from './contract/client.ts'
import { type Fixture, inbox, platformWithTeam } from './platform.ts'

const HEAD = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
const END = '\r\n--b--\r\n'

/** The parts of the platform of a test, which only it can reach. */
const written = spyOn(UploadParts.prototype, 'write')
afterEach(() => void written.mockClear())
afterAll(() => written.mockRestore())

/** Bytes that repeat in no part. */
const content = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 1021) bytes.writeUInt32LE(at, at)
  return bytes
}

/** An upload whose form the test sends piece by piece. */
function begin({ client, platform }: Fixture, to: Member) {
  const form = new TransformStream<string | Uint8Array, Uint8Array>({
    transform: (piece, controller) => controller.enqueue(Buffer.from(piece)),
  })
  const writer = form.writable.getWriter()
  const breaking = new AbortController()
  const answer = fetch(`${client.url}/workspaces/${to.id}/chat/uploads`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${platform.adminToken}`,
      'Content-Type': 'multipart/form-data; boundary=b',
    },
    body: form.readable,
    signal: breaking.signal,
  })
  return {
    answer,
    send: (piece: string | Uint8Array) => writer.write(piece),
    end: () => writer.close(),
    breaking,
  }
}

function partsOf(calls: readonly (readonly unknown[])[] = written.mock.calls): readonly unknown[] {
  return calls.map(([, number]) => number)
}

/** Of those that were written. */
function partsLeft(): number {
  return written.mock.calls.filter(
    ([fileId, number], call) =>
      UploadParts.prototype.read.call(written.mock.contexts[call], fileId, number) !== undefined,
  ).length
}

async function contentOf(fixture: Fixture, member: Member): Promise<Response> {
  const [row] = rowsOf(await inbox(fixture, member))
  const fileId = Reflect.get(Object(row?.request_body), 'file_id')
  return fixture.client.open('GET', `/workspaces/${member.id}/pending-uploads/${fileId}/content`, {
    token: member.token,
  })
}

test.each([1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])(
  'a file of %d bytes is stored in parts while it arrives, and served byte for byte',
  async (length) => {
    await using fixture = await platformWithTeam()
    const bytes = content(length)
    const upload = begin(fixture, fixture.builder)
    await upload.send(HEAD)
    await upload.send(bytes)
    // The last bytes may be the beginning of a boundary.
    const full = Math.floor((length - '\r\n--b'.length) / PART_BYTES)
    await until('the full parts to be stored', () => written.mock.calls.length >= full)
    expect(rowsOf(await inbox(fixture, fixture.builder))).toEqual([])
    await upload.send(END)
    await upload.end()
    expect(await (await upload.answer).json()).toMatchObject({ files: [{ name: 'a.bin', size: length }] })
    expect(partsOf()).toEqual(Array.from({ length: Math.ceil(length / PART_BYTES) }, (_, number) => number))
    const served = await contentOf(fixture, fixture.builder)
    expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true)
  },
)

test.each([
  [
    'that breaks off in its form',
    async ({ send, end }: ReturnType<typeof begin>) => {
      await send('\r\n--b')
      await end()
    },
  ],
  ['whose connection breaks', async ({ breaking }: ReturnType<typeof begin>) => breaking.abort()],
  [
    'with an empty file',
    async ({ send, end }: ReturnType<typeof begin>) => {
      await send(`\r\n${HEAD}${END}`)
      await end()
    },
  ],
])('an upload %s leaves nothing', async (_, spoil) => {
  await using fixture = await platformWithTeam()
  const deleted = spyOn(UploadParts.prototype, 'deleteSome')
  const upload = begin(fixture, fixture.builder)
  await upload.send(HEAD)
  await upload.send(content(6 * PART_BYTES))
  await until('the parts to be stored', () => written.mock.calls.length >= 5)
  upload.answer.catch(() => undefined)
  await spoil(upload)
  await until('its parts to be deleted', () => deleted.mock.results.some(({ value }) => value === false))
  expect(partsLeft()).toBe(0)
  expect(rowsOf(await inbox(fixture, fixture.builder))).toEqual([])
  deleted.mockRestore()
})

test('an upload to a workspace that is removed meanwhile is refused, and leaves nothing', async () => {
  await using fixture = await platformWithTeam()
  const upload = begin(fixture, fixture.builder)
  await upload.send(HEAD)
  await upload.send(content(PART_BYTES + 100))
  await until('a part to be stored', () => written.mock.calls.length > 0)
  fixture.platform.setStatus(fixture.builder.id, 'removed')
  await upload.send(END)
  await upload.end()
  expect([404, 410]).toContain((await upload.answer).status)
  expect(partsLeft()).toBe(0)
})

test('a sweep deletes no part of an upload that is under way', async () => {
  await using fixture = await platformWithTeam()
  const bytes = content(2 * PART_BYTES)
  const upload = begin(fixture, fixture.builder)
  await upload.send(HEAD)
  await upload.send(bytes)
  await until('a part to be stored', () => written.mock.calls.length > 0)
  fixture.platform.sweep()
  await upload.send(END)
  await upload.end()
  expect((await upload.answer).status).toBe(200)
  const served = await contentOf(fixture, fixture.builder)
  expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true)
})

test('the bound on files that wait counts those that are still on their way', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  const add = async (count: number): Promise<number> => {
    const raw = new FormData()
    for (let n = 0; n < count; n++) raw.append('files', new File(['x'], 'a.txt'))
    return (
      await client.call('POST', `/workspaces/${builder.id}/chat/uploads`, { token: builder.token, raw })
    ).status
  }
  for (let n = 0; n < 16; n++) expect(await add(60)).toBe(200)
  written.mockClear()
  const upload = begin(fixture, builder)
  await upload.send(`${HEAD}x\r\n`.repeat(30))
  await until('all but the last to be stored', () => written.mock.calls.length === 29)
  expect([await add(10), await add(1)]).toEqual([200, 507])
  await upload.send(`${END}`)
  await upload.end()
  expect((await upload.answer).status).toBe(200)
})

test('parts of no file are deleted some at a time, and those of files are kept, however many there are', () => {
  const database = openDatabase(MEMORY)
  const parts = new UploadParts({ database } as never)
  const store = (fileId: string, count: number): void => {
    for (let number = 0; number < count; number++) parts.write(fileId, number, new Uint8Array(10))
  }
  const left = () =>
    database.query('SELECT file_id, count(*) AS parts FROM upload_parts GROUP BY file_id').all()
  store('lost', 10)
  store('under way', 6)
  const steps: number[] = []
  let last: string | undefined = ''
  while (last !== undefined) {
    last = parts.prune(last, (fileId) => fileId === 'under way')
    steps.push(database.query<{ n: number }, []>('SELECT count(*) AS n FROM upload_parts').get()?.n ?? -1)
  }
  expect(steps).toEqual([12, 8, 6, 6])
  expect(left()).toEqual([{ file_id: 'under way', parts: 6 }])
  database.close()
})

test('a file that an older platform kept in one piece is still served', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-platform-'))
  try {
    const db = join(folder, 'platform.db')
    const [id, fileId] = [crypto.randomUUID(), crypto.randomUUID()]
    const old = new Database(db)
    for (const step of MIGRATIONS.slice(0, 6)) old.run(step)
    old.run(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 6`)
    const time = '2026-07-01T10:00:00.000000Z'
    old.run(
      `INSERT INTO workspaces (id, name, runtime, status, inbound_secret, created_at, updated_at)
       VALUES ('${id}', 'agent', 'external', 'online', 's', '${time}', '${time}')`,
    )
    old.run(
      `INSERT INTO pending_uploads (file_id, workspace_id, content, filename, mimetype, size, created_at, expires_at)
       VALUES ('${fileId}', '${id}', CAST('whole' AS BLOB), 'a.txt', 'text/plain', 5, '${time}', '2999-01-01T00:00:00.000000Z')`,
    )
    closeDatabase(old)
    const platform = await startPlatform({ db })
    const path = `/workspaces/${id}/pending-uploads/${fileId}/content`
    const { text, headers } = await new Client(platform.url).call('GET', path, { token: platform.adminToken })
    expect([text, headers.get('Content-Length')]).toEqual(['whole', '5'])
    await platform.stop()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
