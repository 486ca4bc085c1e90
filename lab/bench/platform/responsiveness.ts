/** How long others wait while members keep the platform busy with all that it takes from them. */

import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { startPlatform } from '../../../platform/platform.ts'
import type { Member } from '../../../platform/team.ts'
import { directFetch } from '../../driver/direct-fetch.ts'
import { pause } from '../../driver/pause.ts'
import { startPlatformProcess } from '../../driver/platform-process.ts'
import { residentBytes } from '../../driver/process-figures.ts'
import { quantile } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'

export interface Responsiveness {
  readonly meanwhile: string
  /** Milliseconds that `/health` takes. */
  readonly p50: number
  readonly p99: number
  readonly worst: number
  readonly memoryMib: number | undefined
}

interface Platform {
  readonly url: string
  readonly members: readonly Member[]
}

const MIB = 1024 * 1024
const FILE_BYTES = 90 * MIB
const PARTS = 600_000
const ASK_EVERY_MS = 5

/** Each from every member twice at once, which is as much as the platform takes. */
const loads: readonly { readonly name: string; readonly run: (platform: Platform) => Promise<unknown> }[] = [
  { name: 'nothing', run: () => pause(2_000) },
  { name: 'uploads of 90 MiB', run: (platform) => twiceEach(platform, upload) },
  { name: 'downloads of 90 MiB', run: (platform) => twiceEach(platform, download) },
  {
    name: `messages of ${PARTS.toLocaleString('en')} parts`,
    run: (platform) => twiceEach(platform, message),
  },
  { name: 'pages of these', run: (platform) => twiceEach(platform, page) },
]

export async function responsiveness(): Promise<readonly Responsiveness[]> {
  const folder = mkdtempSync(join(tmpdir(), 'responsiveness-'))
  const db = join(folder, 'platform.db')
  const prepared = await startPlatform({ db })
  const members = prepared.createTeam()
  await prepared.stop()
  const platform = await startPlatformProcess(db)
  try {
    const results: Responsiveness[] = []
    for (const { name, run } of loads) {
      const samples: number[] = []
      let peak = 0
      let isOver = false
      const load = run({ url: platform.url, members }).finally(() => {
        isOver = true
      })
      while (!isOver) {
        const started = elapsedMs()
        await (await directFetch(`${platform.url}/health`)).arrayBuffer()
        samples.push(elapsedMs() - started)
        peak = Math.max(peak, residentBytes(platform.pid) ?? 0)
        await pause(ASK_EVERY_MS)
      }
      await load
      results.push({
        meanwhile: name,
        p50: quantile(samples, 0.5),
        p99: quantile(samples, 0.99),
        worst: Math.max(...samples),
        memoryMib: peak === 0 ? undefined : peak / MIB,
      })
    }
    return results
  } finally {
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}

function twiceEach(
  { url, members }: Platform,
  request: (url: string, member: Member) => Promise<void>,
): Promise<unknown> {
  return Promise.all(members.flatMap((member) => [request(url, member), request(url, member)]))
}

const FORM_HEAD = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
const FORM_END = '\r\n--b--\r\n'

function upload(url: string, { id, token }: Member): Promise<void> {
  const chunk = Buffer.alloc(MIB)
  const chunks = Array.from({ length: FILE_BYTES / MIB }, () => chunk)
  const body = [Buffer.from(FORM_HEAD), ...chunks, Buffer.from(FORM_END)]
  return post(url, `/workspaces/${id}/chat/uploads`, token, 'multipart/form-data; boundary=b', body)
}

const pageSchema = z.tuple([z.object({ request_body: z.object({ file_id: z.string() }) })])

async function download(url: string, { id, token }: Member): Promise<void> {
  const rows = await get(url, `/workspaces/${id}/activity?type=a2a_receive&limit=1`, token)
  const [{ request_body: announced }] = pageSchema.parse(await rows.json())
  const fileId = announced.file_id
  const content = await get(url, `/workspaces/${id}/pending-uploads/${fileId}/content`, token)
  let size = 0
  for await (const chunk of content.body ?? []) size += chunk.byteLength
  if (size !== FILE_BYTES) throw new Error(`a file of ${size} bytes arrived`)
}

function message(url: string, { id, token }: Member): Promise<void> {
  const parts = '{"kind":"text","text":"a"},'.repeat(PARTS).slice(0, -1)
  const head = `{"role":"user","messageId":"${crypto.randomUUID()}"`
  const text = `{"jsonrpc":"2.0","method":"message/send","params":{"message":${head},"parts":[${parts}]}}}`
  return post(url, `/workspaces/${id}/a2a`, token, 'application/json', [Buffer.from(text)])
}

async function page(url: string, { id, token }: Member): Promise<void> {
  const rows = await get(url, `/workspaces/${id}/activity?limit=2`, token)
  for await (const _ of rows.body ?? []);
}

async function get(url: string, path: string, token: string): Promise<Response> {
  const answer = await directFetch(`${url}${path}`, { headers: { Authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`${path} is answered with ${answer.status}`)
  return answer
}

/** Over a plain socket, since `fetch` copies such a body at once, and the next question about health would wait. */
function post(
  url: string,
  path: string,
  token: string,
  type: string,
  body: readonly Uint8Array[],
): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const size = body.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${size}`,
    'Connection: close',
  ]
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    const rest = body[Symbol.iterator]()
    const send = (): void => {
      for (let next = rest.next(); next.done !== true; next = rest.next())
        if (!socket.write(next.value)) return
    }
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('drain', send)
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('close', () => {
      if (answer.startsWith('HTTP/1.1 200')) resolve()
      else reject(new Error(`${path} is answered with ${answer.slice(0, 80)}`))
    })
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    send()
  })
}
