import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { until } from '../../lab/driver/until.ts'
import { LargeBodies } from '../../platform/http/large-bodies.ts'
import { platformWithTeam } from './platform.ts'

const request = (headers: Record<string, string>): Request =>
  new Request('http://localhost/', { method: 'POST', headers, body: 'x' })
const LARGE = request({ 'Content-Length': '2000000' })
const UNKNOWN = request({ 'Transfer-Encoding': 'chunked' })
const SMALL = request({ 'Content-Length': '1000' })

test('large requests at once are bounded for each caller and in all, and others are answered meanwhile', async () => {
  const bodies = new LargeBodies()
  const { promise: over, resolve: end } = Promise.withResolvers<string>()
  const answer = async (
    caller: string,
    asked: Request,
    work: () => Promise<string>,
  ): Promise<string | number> => {
    const result = await bodies.within(() => caller, asked, work)
    return typeof result === 'string' ? result : result.status
  }
  const soon = (caller: string, asked: Request): Promise<string | number> =>
    answer(caller, asked, async () => 'done')
  const long = (caller: string): Promise<string | number> => answer(caller, LARGE, () => over)
  const underWay = [long('one'), long('one')]
  expect([await soon('one', LARGE), await soon('one', UNKNOWN)]).toEqual([429, 429])
  expect([await soon('one', SMALL), await soon('two', LARGE)]).toEqual(['done', 'done'])
  underWay.push(long('two'), long('two'), long('three'), long('three'))
  expect([await soon('four', LARGE), await soon('four', SMALL)]).toEqual([429, 'done'])
  end('done')
  expect(await Promise.all(underWay)).toEqual(Array(6).fill('done'))
  expect([await soon('one', LARGE), await soon('four', UNKNOWN)]).toEqual(['done', 'done'])
})

test('a large request that fails makes room for the next', async () => {
  const bodies = new LargeBodies()
  for (let n = 0; n < 10; n++) {
    const failing = bodies.within(
      () => 'one',
      LARGE,
      () => Promise.reject(new Error('broken off')),
    )
    await expect(failing).rejects.toThrow('broken off')
  }
})

test('large requests that a stranger begins under many names, and never ends, leave room for members', async () => {
  const failures: string[] = []
  const beats: number[] = []
  await using fixture = await platformWithTeam({
    log: (line) => failures.push(line),
    requestLog: ({ path, status }) => {
      if (path === '/registry/heartbeat') beats.push(status)
    },
  })
  const { client, platform, builder } = fixture
  const issued = z.object({ auth_token: z.string() })
  const begin = async (): Promise<Socket> => {
    const body = { id: crypto.randomUUID(), agent_card: {}, delivery_mode: 'poll' }
    const ghost = issued.parse((await client.call('POST', '/registry/register', { body })).json)
    const head = ['Host: localhost', `Authorization: Bearer ${ghost.auth_token}`, 'Content-Length: 2000000']
    const socket = connect({ host: '127.0.0.1', port: platform.port })
    socket.write(`POST /registry/heartbeat HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n{`)
    return socket.on('error', () => undefined)
  }
  const begun = await Promise.all(Array.from({ length: 8 }, begin))
  await until('all but two to be refused', () => Bun.deepEquals(beats, Array(6).fill(429)))
  const large = { token: builder.token, body: { message: 'x'.repeat(2_000_000) } }
  expect((await client.call('POST', `/workspaces/${builder.id}/notify`, large)).status).toBe(200)
  for (const socket of begun) socket.destroy()
  await until('the two to be over', () => beats.length === 8)
  expect([beats.slice(6), failures]).toEqual([[400, 400], []])
})
