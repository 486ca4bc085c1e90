/**
 * Carries events to the listeners in this process. An event is a hint: it is neither stored nor replayed, so
 * readers rely on the tables.
 */
import type { Clock } from './clock.ts'
import type { JsonObject } from './json.ts'

export type EventType =
  | 'ACTIVITY_LOGGED'
  | 'ACTIVITY_RECEIPT'
  | 'AGENT_MESSAGE'
  | 'USER_MESSAGE'
  | 'A2A_RESPONSE'
  | 'WORKSPACE_ONLINE'
  | 'WORKSPACE_OFFLINE'
  | 'WORKSPACE_DEGRADED'
  | 'WORKSPACE_REMOVED'
  | 'WORKSPACE_PROVISIONING'
  | 'WORKSPACE_PROVISION_FAILED'
  | 'WORKSPACE_AWAITING_AGENT'
  | 'WORKSPACE_PAUSED'
  | 'WORKSPACE_HIBERNATED'
  | 'WORKSPACE_HEARTBEAT'
  | 'TASK_UPDATED'
  | 'DELEGATION_SENT'
  | 'DELEGATION_STATUS'
  | 'DELEGATION_COMPLETE'
  | 'DELEGATION_FAILED'
  | 'AGENT_CARD_UPDATED'
  | 'EXTERNAL_CREDENTIALS_ROTATED'
  | 'REQUEST_CREATED'
  | 'REQUEST_RESPONDED'
  | 'REQUEST_MESSAGE'

export interface PlatformEvent {
  readonly type: EventType
  readonly workspaceId: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** As JSON text, which is made once for all listeners. Fields that are too long for a hint are left out. */
  readonly data: () => string
}

type Listener = (event: PlatformEvent) => void

const EVERY = '*'
/** As long as an agent card may be. What a stream holds for a slow reader stays bounded by this. */
const MAX_FIELD_CHARS = 256 * 1024

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #onClose = new Set<() => void>()
  readonly #clock: Clock
  readonly #copies: () => number
  #closed = false

  /** @param copies how many times the next event is delivered: 1 unless a fault is injected. */
  constructor(clock: Clock, copies: () => number) {
    this.#clock = clock
    this.#copies = copies
  }

  /** Listens to one workspace. Returns what ends the subscription. */
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

  /** Runs `callback` once, when open streams must end. Returns what takes it back. */
  onClose(callback: () => void): () => void {
    this.#onClose.add(callback)
    return () => this.#onClose.delete(callback)
  }

  /**
   * Calls every listener before it returns, so that a stored row is announced before its request is answered.
   */
  publish(type: EventType, workspaceId: string, data: JsonObject = {}): void {
    if (this.#closed) return
    const copies = this.#copies()
    const event: PlatformEvent = {
      type,
      workspaceId,
      timestamp: Math.floor(this.#clock.now()),
      data: textOf(data),
    }
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

  /** Ends the streams that are open now; new ones may follow. */
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

function textOf(data: JsonObject): () => string {
  let text: string | undefined
  return () => {
    if (text !== undefined) return text
    const fields = Object.entries(data).flatMap(([name, value]): readonly string[] => {
      const field = isTooLong(value) ? undefined : JSON.stringify(value)
      if (field === undefined || field.length > MAX_FIELD_CHARS) return []
      return [`${JSON.stringify(name)}:${field}`]
    })
    text = `{${fields.join(',')}}`
    return text
  }
}

function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > MAX_FIELD_CHARS
}
