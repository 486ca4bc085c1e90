/**
 * A platform in memory and the network to it. It answers every HTTP request of the plugin, in simulated time and with
 * one source of randomness, and needs only microtasks and the timers of its clock. Until `calmAt` things go wrong.
 */
import type { Dice } from '../../dice.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Answer, failure, json } from './answers.ts'
import { type Exchange, Network, type SimProcess } from './network.ts'
import type { SentMessage } from './records.ts'
import type { SimRequest } from './request.ts'
import { SimWorkspace } from './sim-workspace.ts'
import type { Mishap } from './trouble.ts'
import type { WorkspaceOptions } from './workspace-options.ts'

export interface SimPlatformOptions {
  readonly clock: SimClock
  readonly dice: Dice
  /** Milliseconds since the epoch after which nothing goes wrong. */
  readonly calmAt: number
  /** Called when the plugin violates the wire contract. */
  readonly onFault: (sentence: string) => void
  /** Whether a process holds a workspace. Default: each does. */
  readonly isHolder?: (workspaceId: string, process: SimProcess) => boolean
  /** Called when the holder of a workspace requests a page of its feed. */
  readonly onRead?: (workspaceId: string, process: SimProcess, query: URLSearchParams) => void
}

export const PLATFORM_URL = 'http://127.0.0.1:1'

export class SimPlatform {
  readonly #options: SimPlatformOptions
  readonly #network: Network
  readonly #workspaces = new Map<string, SimWorkspace>()
  /** Which process has a request for the feed of a workspace in flight. */
  readonly #reading = new Map<string, SimProcess>()

  constructor(options: SimPlatformOptions) {
    this.#options = options
    this.#network = new Network({
      ...options,
      onSent: (exchange) => this.#noteSent(exchange),
      onArrived: (exchange) => this.#answer(exchange),
    })
  }

  /** How often each network fault occurred. */
  get mishaps(): Readonly<Record<Mishap, number>> {
    return this.#network.mishaps
  }

  get workspaces(): readonly SimWorkspace[] {
    return [...this.#workspaces.values()]
  }

  /** Adds a workspace. With `absent` it does not exist, but its requests are recorded. */
  found(workspaceId: string, options: WorkspaceOptions): SimWorkspace {
    const workspace = new SimWorkspace(workspaceId, options, {
      ...this.#options,
      isPeer: (id) => this.#workspaces.has(id) || workspace.peers.some((peer) => peer.id === id),
      onSent: (message) => this.#deliver(workspace, message),
    })
    this.#workspaces.set(workspaceId, workspace)
    return workspace
  }

  /** One process's view of the network. */
  network(process: SimProcess): typeof fetch {
    return this.#network.of(process)
  }

  /** Puts a message into the feed of its peer, if that is a workspace of this platform. */
  #deliver({ id: from }: SimWorkspace, { peerId, text, delegationId }: SentMessage): void {
    const peer = this.#workspaces.get(peerId)
    if (peer === undefined) return
    const row = peer.feed.add({ from, text, ...(delegationId === null ? {} : { delegationId }) })
    if (delegationId !== null) peer.tasks.noteAnswer(delegationId, row)
    peer.hint()
  }

  #noteSent(exchange: Exchange): () => void {
    const { process, request } = exchange
    const workspace = this.#actorOf(request)
    workspace?.noteSent(exchange)
    if (workspace === undefined || request.route !== 'activity') return () => {}
    const { query } = request
    // A session that only observes may read while another one does.
    const { isHolder = () => true } = this.#options
    // One row shows whether the platform works, and is not stored.
    const isProbe = query.get('limit') === '1'
    if (query.get('type') !== 'a2a_receive' || isProbe || !isHolder(workspace.id, process)) return () => {}
    return this.#beginReading(workspace.id, process, query)
  }

  /** Two concurrent readers would store rows out of order. */
  #beginReading(workspaceId: string, process: SimProcess, query: URLSearchParams): () => void {
    const { onFault, onRead } = this.#options
    onRead?.(workspaceId, process, query)
    const other = this.#reading.get(workspaceId)
    if (other !== undefined && !other.dead) {
      const who = other === process ? 'one process' : `processes ${other.number} and ${process.number}`
      onFault(`${who} had two requests for the feed of ${workspaceId} under way at a time`)
    }
    this.#reading.set(workspaceId, process)
    return () => {
      if (this.#reading.get(workspaceId) === process) this.#reading.delete(workspaceId)
    }
  }

  #answer(exchange: Exchange): Answer {
    const { request } = exchange
    const { route, method, url } = request
    if (route === undefined) {
      this.#options.onFault(`the plugin asked for a route that no platform has: ${method} ${url}`)
      return failure(404, 'not found')
    }
    if (route === 'health') return json(200, { status: 'ok' })
    const workspace = this.#actorOf(request)
    if (workspace !== undefined) return workspace.answer(route, exchange)
    if (route === 'lookup') return failure(404, 'workspace not found')
    if (route === 'register')
      this.#options.onFault(`the plugin registered an unknown id: ${request.workspaceId}`)
    return failure(401, 'invalid workspace auth token')
  }

  /** The workspace that acts. A message is posted to the peer's path, so there the token identifies the sender. */
  #actorOf(request: SimRequest): SimWorkspace | undefined {
    if (request.route !== 'a2a' && request.route !== 'queue') return this.#workspaces.get(request.workspaceId)
    const { token } = request
    return this.workspaces.find((workspace) => workspace.token === token)
  }
}
