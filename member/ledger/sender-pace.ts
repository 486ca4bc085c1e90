/** Whether a sender writes too fast, by what the ledger has of it. */
import type { Database } from '../../base/sqlite.ts'
import type { Delegations } from './delegations.ts'
import type { Entry } from './ledger-rows.ts'
import { isOverflow, MAX_EVENTS, MAX_EVENTS_OF_WORKER, type Moment } from './loop-guard.ts'

export class SenderPace {
  readonly #db: Database
  readonly #workspaceId: string
  readonly #delegations: Delegations

  constructor(db: Database, workspaceId: string, delegations: Delegations) {
    this.#db = db
    this.#workspaceId = workspaceId
    this.#delegations = delegations
  }

  /** Also one that would overtake what is held of its sender. A person whom the platform knows is never too fast. */
  isTooFast({ peerId, crowd = null, createdAt }: Entry, now: number): boolean {
    const sender = peerId ?? crowd
    if (sender === null) return false
    const earlier =
      peerId === null ? this.#earlier('crowd', sender, MAX_EVENTS) : this.#earlierOf(peerId, now)
    if (isOverflow(earlier, { createdAt, receivedAt: now })) return true
    const held = this.#db
      .query(
        "SELECT 1 FROM message INDEXED BY message_held WHERE workspace_id = ? AND sender = ? AND state = 'held' LIMIT 1",
      )
      .get(this.#workspaceId, sender)
    return held !== null
  }

  #earlierOf(peerId: string, now: number): Moment | undefined {
    const isWorking = this.#delegations.isWorking(this.#workspaceId, peerId, now)
    return this.#earlier('peer', peerId, isWorking ? MAX_EVENTS_OF_WORKER : MAX_EVENTS)
  }

  /** When this sender wrote the message as many places before the newest as it may write within the window. */
  #earlier(kind: 'peer' | 'crowd', sender: string, places: number): Moment | undefined {
    const [index, column] = kind === 'peer' ? ['message_peer', 'peer_id'] : ['message_crowd', 'crowd']
    const row = this.#db
      .query<Moment, [string, string, number]>(
        `SELECT created_at AS createdAt, received_at AS receivedAt FROM message INDEXED BY ${index}
         WHERE workspace_id = ? AND ${column} = ? AND state <> 'skipped' ORDER BY ord DESC LIMIT 1 OFFSET ?`,
      )
      .get(this.#workspaceId, sender, places)
    return row ?? undefined
  }
}
