/**
 * Events of the platform, from where something happened to whoever listens in this process. A hint, never the
 * data: nothing is stored and nothing is replayed.
 */
import type { Clock } from './clock.ts'
import type { JsonObject } from './messages.ts'

export type EventType =
  | 'ACTIVITY_LOGGED'
  | 'AGENT_MESSAGE'
  | 'USER_MESSAGE'
  | 'A2A_RESPONSE'
  | 'WORKSPACE_ONLINE'
  | 'WORKSPACE_OFFLINE'
  | 'WORKSPACE_DEGRADED'
  | 'WORKSPACE_REMOVED'
  | 'WORKSPACE_PROVISIONING'
  | 'WORKSPACE_HEARTBEAT'
  | 'TASK_UPDATED'
  | 'DELEGATION_SENT'
  | 'DELEGATION_STATUS'
  | 'DELEGATION_COMPLETE'
  | 'DELEGATION_FAILED'
  | 'AGENT_CARD_UPDATED'
  | 'EXTERNAL_CREDENTIALS_ROTATED'

export interface PlatformEvent {
  readonly type: EventType
  readonly workspaceId: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly data: JsonObject
}

export type Listener = (event: PlatformEvent) => void

const EVERY = '*'

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #onClose = new Set<() => void>()
  readonly #clock: Clock
  readonly #copies: () => number
  #closed = false

  /** @param copies how often the next event is told; one, save where a fault is played */
  constructor(clock: Clock, copies: () => number) {
    this.#clock = clock
    this.#copies = copies
  }

  /** Events of one workspace. @returns the function that ends the subscription */
  subscribe(workspaceId: string, listener: Listener): () => void {
    const set = this.#listeners.get(workspaceId) ?? new Set()
    this.#listeners.set(workspaceId, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#listeners.get(workspaceId) === set) this.#listeners.delete(workspaceId)
    }
  }

  subscribeToAll(listener: Listener): () => void {
    return this.subscribe(EVERY, listener)
  }

  /** Runs once when open streams are to end. @returns the function that takes the callback back */
  onClose(callback: () => void): () => void {
    this.#onClose.add(callback)
    return () => this.#onClose.delete(callback)
  }

  /** Hands the event to every listener before it returns: what is stored is announced at once. */
  publish(type: EventType, workspaceId: string, data: JsonObject = {}): void {
    if (this.#closed) return
    const copies = this.#copies()
    const event: PlatformEvent = { type, workspaceId, timestamp: Math.floor(this.#clock.now()), data }
    for (const key of [workspaceId, EVERY]) {
      for (const listener of this.#listeners.get(key) ?? []) {
        for (let copy = 0; copy < copies; copy++) listener(event)
      }
    }
  }

  listenerCount(): number {
    let count = 0
    for (const set of this.#listeners.values()) count += set.size
    return count
  }

  /** Ends what is open now; new readers are welcome. */
  endStreams(): void {
    for (const callback of [...this.#onClose]) callback()
    this.#onClose.clear()
  }

  close(): void {
    this.#closed = true
    this.endStreams()
    this.#listeners.clear()
  }
}
