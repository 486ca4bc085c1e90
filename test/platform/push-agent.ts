/** A push agent, simulated by a server in this process. */
import { type Fixture, register } from './platform.ts'

/** An agent that answers as `answer` says and remembers what it received. */
export function agentThat(answer: (request: Request) => Response | Promise<Response>) {
  const received: { path: string; authorization: string | null; host: string | null; body: unknown }[] = []
  const server = Bun.serve({
    reusePort: false,
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      received.push({
        path: new URL(request.url).pathname,
        authorization: request.headers.get('Authorization'),
        host: request.headers.get('Host'),
        body: await request.json(),
      })
      return answer(request)
    },
  })
  servers.push(server)
  return { url: `http://localhost:${server.port}/a2a`, port: server.port, received }
}

export const servers: Bun.Server<undefined>[] = []

/** Call it at the end of each test file: a hook in this file would run only for the first of them. */
export async function stopAgents(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop(true)))
}

export const ANSWER = { jsonrpc: '2.0', id: 'rpc-1', result: { parts: [{ kind: 'text', text: 'done' }] } }

export const pushTo = (fixture: Fixture, url: string) =>
  register(fixture, fixture.builder, { delivery_mode: 'push', url })
