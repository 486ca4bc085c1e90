// A team under load: an event stream and a heartbeat for every workspace, and messages spread over all of them.

import { connect } from 'node:net'
import type { PlatformProcess } from './platform-process.ts'
import { percentile } from './statistics.ts'

export interface LoadResult {
  readonly workspaces: number
  readonly messages: number
  /** Milliseconds from before the request to the event in the reader: more than from stored to event. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly failures: number
  readonly memoryMib: number | undefined
}

interface Agent {
  readonly id: string
  readonly token: string
}

const MESSAGES_PER_SECOND = 200
const HEARTBEAT_SECONDS = 30

/** @param seconds how long messages are sent */
export async function load(
  platform: PlatformProcess,
  workspaces: number,
  seconds: number,
): Promise<LoadResult> {
  const agents = await makeAgents(platform, workspaces)
  const sentAt = new Map<string, number>()
  const samples: number[] = []
  const leaving = new AbortController()
  const onMessage = (id: string) => {
    const started = sentAt.get(id)
    if (started === undefined) return
    sentAt.delete(id)
    samples.push(performance.now() - started)
  }
  for (const agent of agents) await listen(platform, agent, leaving.signal, onMessage)

  let failures = 0
  const post = async (path: string, token: string, body: object) => {
    const answer = await fetch(`${platform.url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    await answer.arrayBuffer()
    if (!answer.ok) failures++
  }
  const total = MESSAGES_PER_SECOND * seconds
  const beats = Math.round((workspaces / HEARTBEAT_SECONDS) * seconds)
  const work: Promise<void>[] = []
  const started = performance.now()
  let beaten = 0
  for (let sent = 0; sent < total; sent++) {
    const due = started + (sent * 1000) / MESSAGES_PER_SECOND
    if (performance.now() < due) await Bun.sleep(due - performance.now())
    const target = pick(agents, sent)
    const messageId = crypto.randomUUID()
    sentAt.set(messageId, performance.now())
    const message = { role: 'user', messageId, parts: [{ kind: 'text', text: 'x'.repeat(500) }] }
    const body = { jsonrpc: '2.0', id: messageId, method: 'message/send', params: { message } }
    work.push(post(`/workspaces/${target.id}/a2a`, platform.adminToken, body))
    while (beaten < (beats * (sent + 1)) / total) {
      const beating = pick(agents, beaten++)
      work.push(post('/registry/heartbeat', beating.token, { workspace_id: beating.id }))
    }
  }
  await Promise.all(work)
  while (sentAt.size > 0 && performance.now() < started + seconds * 1000 + 5000) await Bun.sleep(5)
  const memoryMib = platform.memory()
  leaving.abort()
  return {
    workspaces,
    messages: samples.length,
    p50: percentile(samples, 0.5),
    p95: percentile(samples, 0.95),
    p99: percentile(samples, 0.99),
    failures: failures + sentAt.size,
    memoryMib,
  }
}

function pick(agents: readonly Agent[], number: number): Agent {
  const agent = agents[number % agents.length]
  if (agent === undefined) throw new Error('no agents')
  return agent
}

/** Every agent registers itself, which makes its workspace and gives it a token. */
function makeAgents(platform: PlatformProcess, count: number): Promise<readonly Agent[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = crypto.randomUUID()
      const answer = await fetch(`${platform.url}/registry/register`, {
        method: 'POST',
        body: JSON.stringify({ id, delivery_mode: 'poll', agent_card: { name: id } }),
      })
      const body: unknown = await answer.json()
      return { id, token: String(Reflect.get(Object(body), 'auth_token')) }
    }),
  )
}

/** Opens a stream over a plain socket, since `fetch` holds no more than 256 at a time. Returns once it is open. */
function listen(
  platform: PlatformProcess,
  agent: Agent,
  signal: AbortSignal,
  onMessage: (messageId: string) => void,
): Promise<void> {
  const { hostname, port, host } = new URL(platform.url)
  const head = [
    `GET /workspaces/${agent.id}/events/stream HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${agent.token}`,
  ]
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      if (text.includes(': ping')) resolve()
      for (const match of text.matchAll(/"message_id":"([0-9a-f-]{36})"/g)) onMessage(match[1] ?? '')
    })
    signal.addEventListener('abort', () => socket.destroy())
  })
}
