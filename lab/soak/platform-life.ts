/** The local platform over the whole run: one file and one port, and a process that comes and goes. */

import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import type { FaultChange } from '../../platform/contract/faults.ts'
import { directFetch } from '../driver/direct-fetch.ts'
import { pause } from '../driver/pause.ts'
import { type PlatformProcess, startPlatformProcess } from '../driver/platform-process.ts'
import type { Member } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import type { Message } from '../judge/evidence.ts'

const rowsSchema = z.array(
  z.object({
    id: z.string(),
    request_body: z.object({ params: z.object({ message: z.object({ messageId: z.string() }) }) }),
  }),
)
const PAGE = 500
const START_WITHIN_MS = 20_000
const STOP_WITHIN_MS = 10_000
const ADMIN_TIMEOUT_MS = 10_000
const ADMIN_WITHIN_MS = 20_000

export class PlatformLife {
  readonly url: string
  readonly adminToken: string
  readonly members: readonly Member[]
  readonly #db: string
  readonly #complain: (sentence: string) => void
  readonly #first = new Map<string, Message>()
  #process: PlatformProcess | undefined

  private constructor(process: PlatformProcess, db: string, complain: (sentence: string) => void) {
    this.#complain = complain
    this.#process = process
    this.#db = db
    this.url = process.url
    this.adminToken = process.adminToken
    this.members = readMembers(process.greeting)
  }

  /**
   * @param db path of a file that does not exist yet.
   * @param complain called with a sentence on each violation.
   */
  static async start(db: string, complain: (sentence: string) => void): Promise<PlatformLife> {
    return new PlatformLife(await startPlatformProcess(db), db, complain)
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Ends the process and starts it again on the same file and port. */
  async restart(way: 'kill' | 'stop', downMs: number): Promise<void> {
    await this.end(way)
    await pause(downMs)
    const port = Number(new URL(this.url).port)
    // A connection that is still closing may hold the port.
    this.#process = await until(
      'the platform to start again',
      () => startPlatformProcess(this.#db, port).catch(() => undefined),
      START_WITHIN_MS,
    )
  }

  async end(way: 'kill' | 'stop'): Promise<void> {
    const process = this.#process
    if (process === undefined) return
    this.#process = undefined
    const diedBefore = process.exitCode() !== null
    const cancel = systemClock.after(STOP_WITHIN_MS, () => {
      this.#complain(`the platform did not stop within ${STOP_WITHIN_MS} ms`)
      void process.kill()
    })
    const code = await (way === 'kill' ? process.kill() : process.stop())
    cancel()
    if (diedBefore) this.#complain(`the platform ended by itself (exit code ${code})`)
    else if (way === 'stop' && code !== 0) this.#complain(`the platform stopped with exit code ${code}`)
  }

  async setFaults(change: FaultChange): Promise<void> {
    await this.#ask('PUT', '/admin/faults', change)
  }

  async clearFaults(): Promise<void> {
    await this.#ask('DELETE', '/admin/faults')
  }

  async closeStreams(): Promise<void> {
    await this.#ask('POST', '/admin/faults/close-streams', {})
  }

  /** Makes the newest message of a workspace the first that counts. */
  async begin(workspaceId: string): Promise<void> {
    const [first] = await this.#page(workspaceId, 'limit=1')
    if (first === undefined) throw new Error('the platform does not have the first message')
    this.#first.set(workspaceId, first)
  }

  /** Every message of a workspace from the first on, in the platform's order. */
  async messages(workspaceId: string): Promise<readonly Message[]> {
    const first = this.#first.get(workspaceId)
    const all = first === undefined ? [] : [first]
    for (let last = first; last !== undefined; ) {
      const page = await this.#page(workspaceId, `limit=${PAGE}&since_id=${last.activityId}`)
      all.push(...page)
      last = page.at(-1)
    }
    return all
  }

  async #page(workspaceId: string, query: string): Promise<readonly Message[]> {
    const path = `/workspaces/${workspaceId}/activity?type=a2a_receive&${query}`
    return rowsSchema.parse(await this.#ask('GET', path)).map(({ id, request_body }) => ({
      workspaceId,
      activityId: id,
      name: request_body.params.message.messageId,
      duty: 'required',
      ordered: true,
    }))
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await until(
      `the platform to answer ${method} ${path}`,
      // A connection from before a restart fails once. Every request here may be repeated.
      () => this.#reach(method, path, body).catch(() => undefined),
      ADMIN_WITHIN_MS,
    )
    if (!response.ok) {
      throw new Error(
        `the platform answered ${method} ${path} with ${response.status}: ${await response.text()}`,
      )
    }
    return response.json()
  }

  #reach(method: string, path: string, body: unknown): Promise<Response> {
    return directFetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.adminToken}` },
      signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }
}

/** The team, as the platform prints it at its first start. */
function readMembers(greeting: string): readonly Member[] {
  const block = /^MOLECULE_WORKSPACE_IDS=(\S+)\nMOLECULE_WORKSPACE_TOKENS=(\S+)$/gm
  return [...greeting.matchAll(block)].map(([, id = '', token = '']) => ({ id, token }))
}
