import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../../../base/clock.ts'
import { until } from '../../../../lab/driver/until.ts'
import { settled } from '../../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../../member/client/client.ts'
import { ChatPosts } from '../../../../plugin/host/permission/chat-posts.ts'
import { OWN_ID, TOKEN } from '../../../fixtures/lying-platform.ts'

/** A chat whose platform answers each post when the test says so. */
function startChat() {
  const asked: string[] = []
  const answers: ((status: number) => void)[] = []
  const stop = new AbortController()
  let posted = 0
  const failures: unknown[] = []
  const fetchImpl = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    asked.push(JSON.parse(String(init?.body)).message)
    const status = await new Promise<number>((resolve) => answers.push(resolve))
    return Response.json({ status: 'sent' }, { status })
  }
  const client = new PlatformClient(
    { platformUrl: 'http://127.0.0.1:1', workspaceId: OWN_ID, token: TOKEN },
    { network: Object.assign(fetchImpl, { preconnect: () => {} }), clock: systemClock },
  )
  const posts = new ChatPosts({
    client: (workspaceId) => (workspaceId === OWN_ID ? client : undefined),
    signal: stop.signal,
    onPosted: () => posted++,
    onFailure: (error) => failures.push(error),
  })
  return {
    posts,
    asked,
    stop,
    failures,
    posted: () => posted,
    answer: async (status: number) => (await until('a post', () => answers.shift()))(status),
  }
}

describe('lines for the chat', () => {
  test('are posted one after another, even past one that is refused', async () => {
    const chat = startChat()
    for (const line of ['one', 'two', 'three']) expect(chat.posts.add(OWN_ID, line)).toBeTrue()
    await settled()
    expect(chat.asked).toEqual(['one'])
    await chat.answer(200)
    await chat.answer(403)
    await chat.answer(200)
    await until('the last line', () => chat.posted() === 2)
    expect([chat.asked, chat.failures.length]).toEqual([['one', 'two', 'three'], 1])
  })

  test('of a workspace that is no longer configured fail, and block no others', async () => {
    const chat = startChat()
    chat.posts.add('no such workspace', 'one')
    chat.posts.add(OWN_ID, 'two')
    await chat.answer(200)
    await until('the second line', () => chat.posted() === 1)
    expect(String(chat.failures[0])).toContain('no longer configured')
  })

  test('that wait are bounded, and make room once they are posted', async () => {
    const chat = startChat()
    const accepted = Array.from({ length: 60 }, (_, n) => chat.posts.add(OWN_ID, `line ${n}`))
    expect(accepted.filter((isAccepted) => isAccepted)).toHaveLength(50)
    await chat.answer(200)
    await until('the first line', () => chat.posted() === 1)
    await until('room for one more', () => chat.posts.add(OWN_ID, 'one more'))
    expect(chat.posts.add(OWN_ID, 'another')).toBeFalse()
  })

  test('are no failure when the session ends', async () => {
    const chat = startChat()
    chat.posts.add(OWN_ID, 'one')
    await until('the post', () => chat.asked.length === 1)
    chat.stop.abort()
    await chat.answer(403)
    await settled()
    await settled()
    expect(chat.failures).toEqual([])
  })
})
