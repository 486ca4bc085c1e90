/** A team under load: a stream and a heartbeat for every workspace, and messages spread over all of them. */

import { connect } from 'node:net'
import { messageRequest } from '../../driver/a2a-request.ts'
import { directFetch } from '../../driver/direct-fetch.ts'
import { pause } from '../../driver/pause.ts'
import type { PlatformProcess } from '../../driver/platform-process.ts'
import { residentBytes } from '../../driver/process-figures.ts'
import type { Member } from '../../driver/scene.ts'
import { quantile } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'

export interface LoadResult {
  readonly workspaces: number
  readonly messages: number
  /** Milliseconds from before the request to the event in the reader, the request's own time included. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly failures: number
  readonly memoryMib: number | undefined
}

const MESSAGES_PER_SECOND = 200
const HEARTBEAT_SECONDS = 30

/** @param seconds how long to send messages. */
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
    samples.push(elapsedMs() - started)
  }
  for (const agent of agents) await listen(platform, agent, leaving.signal, onMessage)

  let failures = 0
  const post = async (path: string, token: string, body: object) => {
    const answer = await directFetch(`${platform.url}${path}`, {
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
  const started = elapsedMs()
  let beaten = 0
  for (let sent = 0; sent < total; sent++) {
    const due = started + (sent * 1000) / MESSAGES_PER_SECOND
    if (elapsedMs() < due) await pause(due - elapsedMs())
    const target = pick(agents, sent)
    const messageId = crypto.randomUUID()
    sentAt.set(messageId, elapsedMs())
    const body = messageRequest('x'.repeat(500), { messageId })
    work.push(post(`/workspaces/${target.id}/a2a`, platform.adminToken, body))
    while (beaten < (beats * (sent + 1)) / total) {
      const beating = pick(agents, beaten++)
      work.push(post('/registry/heartbeat', beating.token, { workspace_id: beating.id }))
    }
  }
  await Promise.all(work)
  while (sentAt.size > 0 && elapsedMs() < started + seconds * 1000 + 5000) await pause(5)
  const bytes = residentBytes(platform.pid)
  leaving.abort()
  return {
    workspaces,
    messages: samples.length,
    p50: quantile(samples, 0.5),
    p95: quantile(samples, 0.95),
    p99: quantile(samples, 0.99),
    failures: failures + sentAt.size,
    memoryMib: bytes === undefined ? undefined : bytes / 1024 / 1024,
  }
}

function pick(agents: readonly Member[], number: number): Member {
  const agent = agents[number % agents.length]
  if (agent === undefined) throw new Error('no agents')
  return agent
}

/** Registers agents, which creates their workspaces and tokens. */
function makeAgents(platform: PlatformProcess, count: number): Promise<readonly Member[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = crypto.randomUUID()
      const answer = await directFetch(`${platform.url}/registry/register`, {
        method: 'POST',
        body: JSON.stringify({ id, delivery_mode: 'poll', agent_card: { name: id } }),
      })
      const body: unknown = await answer.json()
      return { id, token: String(Reflect.get(Object(body), 'auth_token')) }
    }),
  )
}

/** Opens a stream over a plain socket, since `fetch` keeps at most 256 open. Resolves once it is open. */
function listen(
  platform: PlatformProcess,
  agent: Member,
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
