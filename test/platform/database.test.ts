/** The SQLite file. */
import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import { closeDatabase, openDatabase } from '../../platform/store/database.ts'
import { APPLICATION_ID, MIGRATIONS } from '../../platform/store/schema.ts'
import type { Member } from '../../platform/team.ts'
import { Client, rowsOf } from './contract/client.ts'
import { ManualClock } from './manual-clock.ts'
import { say } from './platform.ts'
import { ANSWER, agentThat, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

/** A folder that is deleted when the test ends. */
function folder(): Disposable & { readonly file: (name: string) => string } {
  const path = mkdtempSync(join(tmpdir(), 'local-platform-'))
  return { file: (name) => join(path, name), [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('everything is still there after a restart on the same file', async () => {
  using place = folder()
  const db = place.file('platform.db')
  const first = await startPlatform({ db })
  const member = first.createWorkspace({ name: 'agent' })
  await new Client(first.url).call('POST', `/workspaces/${member.id}/notify`, {
    token: member.token,
    body: { message: 'still here' },
  })
  await first.stop()
  const second = await startPlatform({ db })
  const inbox = await new Client(second.url).call('GET', `/workspaces/${member.id}/activity`, {
    token: member.token,
  })
  expect(rowsOf(inbox)[0]).toMatchObject({ response_body: { result: 'still here' } })
  expect(second.members()).toEqual([{ id: member.id, name: 'agent' }])
  await second.stop()
})

test('a restart sweeps soon: old activity does not wait for the platform to stay up for hours', async () => {
  using place = folder()
  const options = { db: place.file('platform.db'), clock: new ManualClock() }
  const first = await startPlatform(options)
  const { id, token } = first.createWorkspace({ name: 'agent' })
  await new Client(first.url).call('POST', `/workspaces/${id}/notify`, { token, body: { message: 'old' } })
  await first.stop()
  options.clock.advance(31 * 86_400)
  const second = await startPlatform(options)
  const rows = async () =>
    rowsOf(await new Client(second.url).call('GET', `/workspaces/${id}/activity`, { token }))
  expect(await rows()).toHaveLength(1)
  options.clock.advance(15)
  expect(await rows()).toEqual([])
  await second.stop()
})

test('the file holds no token', async () => {
  using place = folder()
  const db = place.file('platform.db')
  const platform = await startPlatform({ db })
  const member = platform.createWorkspace({ name: 'agent' })
  await platform.stop()
  const bytes = readFileSync(db).toString('latin1')
  expect(bytes).toContain(member.id)
  expect(bytes).not.toContain(member.token)
  expect(bytes).not.toContain(platform.adminToken)
})

test('a file with an older schema is migrated with its rows', () => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    using place = folder()
    const db = place.file('old.db')
    const old = new Database(db)
    old.run('PRAGMA synchronous = OFF')
    for (const step of MIGRATIONS.slice(0, version)) old.run(step)
    old.run(`PRAGMA application_id = ${APPLICATION_ID}`)
    old.run(`PRAGMA user_version = ${version}`)
    old.run(
      `INSERT INTO workspaces (id, name, runtime, status, inbound_secret, created_at, updated_at)
       VALUES ('w', 'kept', 'external', 'online', 's', '2026-07-01T10:00:00.000000Z', '2026-07-01T10:00:00.000000Z')`,
    )
    old.close()
    const migrated = openDatabase(db)
    expect(migrated.query('SELECT name FROM workspaces').get()).toEqual({ name: 'kept' })
    expect(migrated.query('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length })
    expect(migrated.query('SELECT count(*) AS rows FROM memories').get()).toEqual({ rows: 0 })
    migrated.close()
  }
})

test('a file that is not a database, damaged, foreign or newer is refused with a sentence and left untouched', () => {
  using place = folder()
  const noise = place.file('noise.db')
  writeFileSync(noise, 'this is no database, and it is long enough to be looked at as one'.repeat(50))

  const damaged = place.file('damaged.db')
  closeDatabase(openDatabase(damaged))
  const bytes = readFileSync(damaged)
  bytes.fill(0xff, 4096 * 3, 4096 * 6)
  writeFileSync(damaged, bytes)

  const foreign = place.file('foreign.db')
  const other = new Database(foreign)
  other.run('PRAGMA journal_mode = WAL')
  other.run('CREATE TABLE recipes (id)')
  other.close()

  const newer = place.file('newer.db')
  const future = openDatabase(newer)
  future.run('PRAGMA user_version = 999')
  closeDatabase(future)

  for (const file of [noise, damaged, foreign, newer]) {
    const before = readFileSync(file)
    expect(() => openDatabase(file)).toThrow(/^(The database|The file) .*\.$/s)
    expect(readFileSync(file).equals(before)).toBe(true)
  }
})

test('a stopped platform leaves one file without a lock', async () => {
  using place = folder()
  const db = place.file('platform.db')
  const platform = await startPlatform({ db })
  platform.createTeam()
  await platform.stop()
  const reader = new Database(db, { readonly: true })
  expect(reader.query('SELECT count(*) AS members FROM workspaces').get()).toEqual({ members: 3 })
  reader.close()
  const held = openDatabase(db)
  held.prepare('SELECT 1').get()
  closeDatabase(held)
  closeDatabase(openDatabase(db))
})

test('a second platform on the same file is refused until the first has stopped', async () => {
  using place = folder()
  const db = place.file('platform.db')
  const first = await startPlatform({ db })
  expect(startPlatform({ db })).rejects.toThrow('in use by another platform')
  await first.stop()
  for (let start = 0; start < 5; start++) await (await startPlatform({ db })).stop()
})

test('only its owner can read the file', async () => {
  using place = folder()
  const child = Bun.spawn(
    [
      process.execPath,
      `${import.meta.dir}/../../platform/main.ts`,
      '--port',
      '0',
      '--db',
      place.file('deep/down/p.db'),
    ],
    { stdout: 'pipe', stderr: 'pipe' },
  )
  await child.stdout.getReader().read()
  expect(statSync(place.file('deep/down/p.db')).mode & 0o777).toBe(0o600)
  expect(statSync(place.file('deep')).mode & 0o777).toBe(0o700)
  child.kill()
  await child.exited
})

async function notice(client: Client, { id, token }: Member, message: string) {
  return client.call('POST', `/workspaces/${id}/notify`, { token, body: { message } })
}

const UNAVAILABLE = [503, { code: 'platform_unavailable' }]

test.each([
  ['the file is deleted', (db: string) => rmSync(db)],
  ['its folder is deleted', (db: string) => rmSync(dirname(db), { recursive: true })],
  ['its write-ahead log is deleted', (db: string) => rmSync(`${db}-wal`)],
  ['another file takes its place', (db: string) => renameSync(withContent(`${db}.new`, 'other'), db)],
  ['it is emptied', (db: string) => truncateSync(db)],
])(
  'when %s under the running platform, nothing is answered as stored, and the log says why',
  async (_, harm) => {
    using place = folder()
    const [db, log] = [place.file('data/platform.db'), [] as string[]]
    mkdirSync(dirname(db))
    const platform = await startPlatform({ db, log: (line) => log.push(line) })
    const client = new Client(platform.url)
    const agent = platform.createWorkspace({ name: 'agent' })
    expect((await notice(client, agent, 'kept')).status).toBe(200)
    harm(db)
    for (let count = 0; count < 2; count++) {
      const { status, json } = await notice(client, agent, 'would vanish')
      expect([status, json]).toMatchObject(UNAVAILABLE)
    }
    // Reading goes on, so that what is there can still be fetched.
    const inbox = await client.call('GET', `/workspaces/${agent.id}/activity`, { token: agent.token })
    expect(rowsOf(inbox)).toHaveLength(1)
    expect(log).toEqual([
      expect.stringMatching(/^The database .* was (removed|replaced|cut short) .*restart/),
    ])
    await platform.stop()
  },
)

test('a file that is put back is used again', async () => {
  using place = folder()
  const [db, aside, log] = [place.file('platform.db'), place.file('aside.db'), [] as string[]]
  const platform = await startPlatform({ db, log: (line) => log.push(line) })
  const [client, agent] = [new Client(platform.url), platform.createWorkspace({ name: 'agent' })]
  renameSync(db, aside)
  expect((await notice(client, agent, 'refused')).status).toBe(503)
  renameSync(aside, db)
  expect((await notice(client, agent, 'stored')).status).toBe(200)
  expect(log).toHaveLength(2)
  await platform.stop()
  const again = await startPlatform({ db })
  const inbox = await new Client(again.url).call('GET', `/workspaces/${agent.id}/activity`, {
    token: agent.token,
  })
  expect(rowsOf(inbox)).toMatchObject([{ response_body: { result: 'stored' } }])
  await again.stop()
})

test('a request during which the file is removed is refused', async () => {
  using place = folder()
  const db = place.file('platform.db')
  const platform = await startPlatform({ db })
  const [client, agent] = [new Client(platform.url), platform.createWorkspace({ name: 'agent' })]
  const url = `http://localhost:${removing(db).port}/`
  await client.call('POST', '/registry/register', {
    token: agent.token,
    body: { id: agent.id, agent_card: {}, delivery_mode: 'push', url },
  })
  const body = { jsonrpc: '2.0', method: 'message/send', params: { message: say('work') } }
  const answer = await client.call('POST', `/workspaces/${agent.id}/a2a`, {
    token: platform.adminToken,
    body,
  })
  expect([answer.status, answer.json]).toMatchObject(UNAVAILABLE)
  await platform.stop()
})

function withContent(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}

/** A push agent that removes the platform's file before it answers. */
function removing(db: string) {
  return agentThat(() => {
    rmSync(db)
    return Response.json(ANSWER)
  })
}
