/** All requests share one thread: long work is done in steps, between which others are answered. */
import { expect, spyOn, test } from 'bun:test'
import { Background } from '../../platform/base/background.ts'
import { systemClock } from '../../platform/base/clock.ts'
import { platformWithTeam, say, send } from './platform.ts'

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
  for (const ask of [message, notice]) {
    expect(await turnsOf(ask, 'short')).toEqual([200, 0])
    // Parsed, checked, stored.
    expect(await turnsOf(ask, 'x'.repeat(2_000_000))).toEqual([200, 3])
  }
  turn.mockRestore()
})
