/** What the platform does when its clock was wrong, and when its file is an older copy. */
import { expect, test } from 'bun:test'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import { Client, type Row, rowsOf } from './contract/client.ts'
import { ManualClock } from './manual-clock.ts'
import { beat, type Fixture, inbox, platformWithTeam, register, say, send, statusOf } from './platform.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** The texts of messages, in the order in which they came. */
function texts(rows: readonly Row[]): readonly unknown[] {
  return rows.map((row) => JSON.stringify(row.request_body).match(/"text":"([^"]*)"/)?.[1])
}

async function readAll(fixture: Fixture, after: Row | undefined): Promise<readonly Row[]> {
  return rowsOf(await inbox(fixture, fixture.builder, `&since_id=${after?.id}`))
}

test('after the clock was ahead, new messages carry the true time and no reader skips one', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock } = fixture
  await send(fixture, builder, say('before'))
  const [first] = rowsOf(await inbox(fixture, builder))
  clock.advance(DAY)
  await send(fixture, builder, say('ahead'))
  const [ahead] = rowsOf(await inbox(fixture, builder))
  clock.advance(60 - DAY)
  for (const text of ['one', 'two']) await send(fixture, builder, say(text))
  const rows = await readAll(fixture, first)
  expect(texts(rows)).toEqual(['ahead', 'one', 'two'])
  expect(rows.map((row) => row.created_at)).toEqual([
    '2026-07-02T10:00:00Z',
    '2026-07-01T10:01:00Z',
    '2026-07-01T10:01:00Z',
  ])
  expect(texts(await readAll(fixture, ahead))).toEqual(['one', 'two'])
})

test('where readers find their place by the time, no row is dated before an earlier one', async () => {
  await using fixture = await platformWithTeam({ contract: 'v1' })
  const { builder, clock } = fixture
  clock.advance(DAY)
  await send(fixture, builder, say('ahead'))
  clock.advance(-DAY)
  for (const text of ['one', 'two']) await send(fixture, builder, say(text))
  const rows = rowsOf(await inbox(fixture, builder, '&since_secs=86400'))
  expect(rows.map((row) => row.created_at)).toEqual(new Array(3).fill('2026-07-02T10:00:00Z'))
})

test('a message that was dated too early by a slow clock is not deleted as an old one', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock, platform } = fixture
  const left = async () => texts(rowsOf(await inbox(fixture, builder)))
  const in1971 = async (text: string) => {
    clock.advance(-20_000 * DAY)
    await send(fixture, builder, say(text))
    clock.advance(20_000 * DAY)
    platform.sweep()
  }
  await in1971('after a start of this week')
  expect(await left()).toHaveLength(1)
  clock.advance(40 * DAY)
  await send(fixture, builder, say('now'))
  await in1971('after a message of this week')
  expect(await left()).toEqual(['now', 'after a message of this week'])
  clock.advance(31 * DAY)
  platform.sweep()
  expect(await left()).toEqual([])
})

test('rows dated ahead do not keep the rows after them beyond their time', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock, platform } = fixture
  clock.advance(1000 * DAY)
  await send(fixture, builder, say('ahead'))
  clock.advance(-1000 * DAY)
  await send(fixture, builder, say('old'))
  clock.advance(31 * DAY)
  platform.sweep()
  expect(texts(rowsOf(await inbox(fixture, builder)))).toEqual(['ahead'])
})

test('an agent that is gone does not count as present while a clock that was set back catches up', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock } = fixture
  clock.advance(DAY)
  await register(fixture, builder)
  clock.advance(-DAY)
  fixture.platform.sweep()
  expect(await statusOf(fixture, builder)).toBe('online')
  clock.advance(200)
  fixture.platform.sweep()
  expect(await statusOf(fixture, builder)).toBe('awaiting_agent')
})

test('after the machine slept, an agent that slept too has time for a beat before it counts as gone', async () => {
  const clock = new ManualClock()
  let jumpedAt: number | undefined
  const sleeping = {
    now: clock.now,
    after: clock.after,
    every: clock.every,
    jumpedAt: () => jumpedAt,
  }
  await using fixture = await platformWithTeam({ clock: sleeping })
  const { builder, reviewer } = fixture
  for (const member of [builder, reviewer]) await register(fixture, member)
  jumpedAt = clock.now() + 8 * HOUR * 1000
  clock.advance(8 * HOUR)
  for (const member of [builder, reviewer]) expect(await statusOf(fixture, member)).toBe('online')
  await beat(fixture, builder)
  clock.advance(61)
  expect(await statusOf(fixture, builder)).toBe('online')
  expect(await statusOf(fixture, reviewer)).toBe('awaiting_agent')
})

test('a register that failed before the clock was set back degrades nobody', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock } = fixture
  await register(fixture, builder)
  clock.advance(DAY)
  await register(fixture, builder, { delivery_mode: 'push' })
  clock.advance(-DAY)
  await beat(fixture, builder)
  expect(await statusOf(fixture, builder)).toBe('online')
})

test('a clock set back does not stretch the window of the rate limit', async () => {
  await using fixture = await platformWithTeam({ rateLimit: 1 })
  const { client, clock } = fixture
  const status = async () => (await client.call('GET', '/health')).status
  expect([await status(), await status()]).toEqual([200, 429])
  clock.advance(-HOUR)
  expect([await status(), await status()]).toEqual([200, 429])
})

test('on an older copy of the file, no sequence number is given out twice, and a lost cursor gets 410', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-platform-'))
  const [db, copy] = [join(folder, 'p.db'), join(folder, 'copy.db')]
  const log: string[] = []
  const options = { db, clock: new ManualClock(), log: (line: string) => log.push(line) }
  const first = await startPlatform(options)
  const { id, token } = first.createWorkspace({ name: 'agent' })
  await first.stop()
  copyFileSync(db, copy)
  const life = async (messages: number): Promise<readonly Row[]> => {
    const platform = await startPlatform(options)
    const client = new Client(platform.url)
    for (let count = 0; count < messages; count++) {
      const body = { message: `notice ${count}` }
      await client.call('POST', `/workspaces/${id}/notify`, { token, body })
    }
    const rows = rowsOf(await client.call('GET', `/workspaces/${id}/activity`, { token }))
    const [lost] = before
    if (lost !== undefined) {
      const answer = await client.call('GET', `/workspaces/${id}/activity?since_id=${lost.id}`, { token })
      expect(answer.status).toBe(410)
    }
    await platform.stop()
    return rows
  }
  let before: readonly Row[] = []
  options.clock.advance(1)
  before = await life(20)
  copyFileSync(copy, db)
  options.clock.advance(1)
  const after = await life(3)
  const highest = Math.max(...before.map((row) => Number(row.seq)))
  expect(after).toHaveLength(3)
  for (const row of after) expect(Number(row.seq)).toBeGreaterThan(highest)
  expect(log).toEqual([])
  // The clock of this start is a day behind the newest message.
  options.clock.advance(-DAY)
  before = []
  await life(0)
  expect(log).toEqual([expect.stringContaining('check the clock')])
  rmSync(folder, { recursive: true })
})
