/** All requests share one thread: long work is done in steps, between which others are answered. */
import { expect, spyOn, test } from 'bun:test'
import { Background } from '../../platform/base/background.ts'
import { systemClock } from '../../platform/base/clock.ts'
import { Events } from '../../platform/base/events.ts'
import * as activityPage from '../../platform/store/activity-page.ts'
import { rowsOf } from './contract/client.ts'
import { inbox, platformWithTeam, say, send } from './platform.ts'

const { readRow } = activityPage

test('whoever takes turns lets others be answered after each one, and takes no more once the platform stops', async () => {
  const background = new Background(systemClock, () => undefined)
  const order: string[] = []
  const work = async (name: string): Promise<void> => {
    for (let step = 1; step <= 2; step++) {
      await background.turn()
      order.push(`${name}${step}`)
      setImmediate(() => order.push('other'))
    }
  }
  await Promise.all([work('a'), work('b')])
  expect(order).toEqual(['a1', 'other', 'b1', 'other', 'a2', 'other', 'b2'])
  const next = background.turn()
  await background.stop()
  await expect(next).rejects.toThrow('503')
  await expect(background.turn()).rejects.toThrow('503')
})

test('each step of the work on a long text has a turn of its own, and a short text needs none', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder, reviewer } = fixture
  const turn = spyOn(Background.prototype, 'turn')
  const turnsOf = async (ask: (text: string) => Promise<{ readonly status: number }>, text: string) => {
    turn.mockClear()
    const { status } = await ask(text)
    return [status, turn.mock.calls.length]
  }
  const message = (text: string) => send(fixture, builder, say(text), reviewer)
  const notice = (text: string) =>
    client.call('POST', `/workspaces/${builder.id}/notify`, { token: builder.token, body: { message: text } })
  // Measured, parsed, checked, serialized, stored; a notice is serialized as it is stored.
  for (const [ask, steps] of [
    [message, 5],
    [notice, 4],
  ] as const) {
    expect(await turnsOf(ask, 'short')).toEqual([200, 0])
    expect(await turnsOf(ask, 'x'.repeat(2_000_000))).toEqual([200, steps])
  }
  turn.mockRestore()
})

test('a long page has the rows of short ones, in their order, each read in a turn of its own', async () => {
  await using fixture = await platformWithTeam()
  const { builder, reviewer } = fixture
  for (const length of [600_000, 1, 500_000, 700_000])
    await send(fixture, builder, say('x'.repeat(length)), reviewer)
  const turn = spyOn(Background.prototype, 'turn')
  const long = await inbox(fixture, builder, `&peer_id=${reviewer.id}&include=peer_info`)
  expect(turn.mock.calls).toHaveLength(4 + 1)
  turn.mockRestore()
  const single = rowsOf(await inbox(fixture, builder, '&limit=1'))
  expect(rowsOf(long)[0]).toMatchObject(single[0] ?? {})
  expect(rowsOf(long).map((row) => JSON.stringify(row.request_body).length > 500_000)).toEqual([
    true,
    true,
    false,
    true,
  ])
  const after = rowsOf(await inbox(fixture, builder, `&since_id=${rowsOf(long)[3]?.id}`))
  expect(after.map(({ id }) => id)).toEqual(
    rowsOf(long)
      .slice(0, 3)
      .map(({ id }) => id)
      .toReversed(),
  )
  expect(rowsOf(long)[0]).toHaveProperty('peer_name', reviewer.name)
})

test('a row that is deleted while its long page is sent is left out', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  for (let count = 0; count < 3; count++) await send(fixture, builder, say('x'.repeat(600_000)))
  const read = readRow
  let asked = 0
  const spy = spyOn(activityPage, 'readRow').mockImplementation((database, seq) => {
    if (++asked === 2) database.query('DELETE FROM activity WHERE seq = ?').run(seq)
    return read(database, seq)
  })
  expect(rowsOf(await inbox(fixture, builder))).toHaveLength(2)
  spy.mockRestore()
})

test('an event is put into words once, however many listen, and leaves out what is too long for a hint', () => {
  const events = new Events(systemClock, () => 1)
  const heard: string[] = []
  for (let count = 0; count < 3; count++) events.subscribe('w', ({ data }) => heard.push(data()))
  let asked = 0
  const counted = {
    toJSON: () => {
      asked++
      return 'counted'
    },
  }
  const long = 'x'.repeat(300_000)
  events.publish('AGENT_MESSAGE', 'w', {
    message: long,
    attachments: [long],
    name: 'agent',
    counted,
    none: undefined,
  })
  expect([asked, ...heard]).toEqual([1, ...Array(3).fill('{"name":"agent","counted":"counted"}')])
})
