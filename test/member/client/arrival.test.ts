import { describe, expect, test } from 'bun:test'
import { createServer, type Socket } from 'node:net'
import { z } from 'zod'
import { systemClock } from '../../../base/clock.ts'
import { sendMessage } from '../../../member/client/a2a.ts'
import { arrivalOf } from '../../../member/client/arrival.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../fixtures/lying-platform.ts'

const MESSAGE = { messageId: '5e000000-0000-4000-8000-000000000001', text: 'hello' }

const clientOf = (platformUrl: string): PlatformClient =>
  new PlatformClient(
    { platformUrl, workspaceId: OWN_ID, token: TOKEN },
    { network: fetch, clock: { ...systemClock, random: () => 0 } },
  )

async function failureOf(platformUrl: string): Promise<PlatformError | string> {
  try {
    return (await sendMessage(clientOf(platformUrl), PEER_ID, MESSAGE, 2_000)).kind
  } catch (error) {
    if (error instanceof PlatformError) return error
    throw error
  }
}

/** A server that does with a connection what the test says. */
async function withServer(on: (socket: Socket, index: number) => void, run: (url: string) => Promise<void>) {
  let connections = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    on(socket, connections++)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  await run(`http://127.0.0.1:${address.port}`)
  server.close()
  return connections
}

describe('a message that failed', () => {
  test('did not arrive when no connection was made', async () => {
    for (const url of ['http://127.0.0.1:1', 'http://no-such-host.invalid']) {
      const error = await failureOf(url)
      expect(error instanceof PlatformError && arrivalOf(error)).toBe('no')
    }
  })

  test('may have arrived when the connection broke, so its outcome stays unsure', async () => {
    const ways: readonly ((socket: Socket) => void)[] = [
      (socket) => socket.on('data', () => socket.resetAndDestroy()),
      (socket) => socket.on('data', () => socket.end()),
      (socket) => socket.on('data', () => socket.end('garbage\r\n\r\n')),
    ]
    for (const way of ways) {
      const tries = await withServer(way, async (url) => expect(await failureOf(url)).toBe('unsure'))
      // A repetition has the same id.
      expect(tries).toBe(3)
    }
  })

  test('stays unsure when a later attempt does not arrive', async () => {
    await withServer(
      (socket, index) => {
        socket.on('data', () => {
          if (index === 0) socket.resetAndDestroy()
          else
            socket.end(
              'HTTP/1.1 503 Busy\r\nContent-Length: 19\r\nRetry-After: 600\r\n\r\n{"restarting":true}',
            )
        })
      },
      async (url) => expect(await failureOf(url)).toBe('unsure'),
    )
  })

  test('may have arrived when something in front of the platform failed, but not when the platform refuses it', async () => {
    const answers: readonly (readonly [() => Response, string])[] = [
      [() => new Response('<html>Bad Gateway</html>', { status: 502 }), 'perhaps'],
      [() => new Response('', { status: 524 }), 'perhaps'],
      [() => Response.json({ error: 'workspace has no URL' }, { status: 503 }), 'no'],
      [() => Response.json({ busy: true }, { status: 503 }), 'likely'],
      [() => new Response('too many', { status: 429 }), 'no'],
      [() => new Response('<html>no</html>', { status: 404 }), 'no'],
    ]
    for (const [answer, arrival] of answers) {
      await using platform = startLyingPlatform(answer)
      const found = await platform.client.json({ path: '/x', body: {} }, z.unknown()).then(
        () => 'no error',
        (error: unknown) => (error instanceof PlatformError ? arrivalOf(error) : error),
      )
      expect(found).toBe(arrival)
    }
  })
})
