/** The requests to peers: which are open, and their outcomes. */
import type { Database } from '../../base/sqlite.ts'
import { type Delegation, type DelegationRow, FIELDS, toDelegation, WATCH_MS } from './delegations.ts'
import type { Entry } from './ledger-rows.ts'
import { SentMessages } from './sent-messages.ts'

/** The state of a task on the peer's side. */
export type Progress = Pick<Delegation, 'state' | 'peerState' | 'peerTask' | 'contextId' | 'requestId'>

/** A request whose answer is to be looked for. `id` null: its message gives no task, and `task` is the message's beginning. */
export type OpenRequest = Pick<
  Delegation,
  'peerId' | 'task' | 'askedAt' | 'peerState' | 'peerTask' | 'requestId' | 'requestedAt'
> & { readonly id: string | null }

/** How long an open request of this session counts as on its way. */
const TRUSTED_MS = 60_000

/** The outcome of a request: `taskId` null for a message without a task, `entry` undefined if there is nothing to show. */
export interface RequestOutcome {
  readonly taskId: string | null
  /** What a message without a task is recorded under; null: it is not. */
  readonly messageId: string | null
  readonly progress: Progress
  readonly entry: Entry | undefined
}

export class PeerRequests {
  readonly messages: SentMessages
  readonly #db: Database
  readonly #session: string
  readonly #workspaceId: string

  constructor(db: Database, session: string, workspaceId: string) {
    this.#db = db
    this.#session = session
    this.#workspaceId = workspaceId
    this.messages = new SentMessages(db, session, workspaceId)
  }

  /**
   * The requests whose answer is to be looked for: one that belongs to a session that may have ended, or has been open
   * for long, perhaps on a connection that is dead; an item in the platform's queue; a task that the peer has begun.
   */
  unattended(now: number): readonly OpenRequest[] {
    return [...this.#tasks(now), ...this.messages.unattended(now - TRUSTED_MS)]
  }

  #tasks(now: number): readonly Delegation[] {
    return this.#db
      .query<DelegationRow, [string, number, string, number]>(
        `SELECT ${FIELDS} FROM delegation INDEXED BY delegation_open WHERE workspace_id = ? AND state = 'open' AND watched = 0 AND asked_at > ?
         AND (request_id IS NOT NULL AND (request_session IS NOT ? OR requested_at < ?) OR request_id IS NULL AND peer_task <> '')`,
      )
      .all(this.#workspaceId, now - WATCH_MS, this.#session, now - TRUSTED_MS)
      .map(toDelegation)
  }

  /** A request about the task leaves, in this session. */
  request(id: string, requestId: string, now: number): void {
    this.#db
      .query(
        'UPDATE delegation SET request_id = ?, requested_at = ?, request_session = ? WHERE workspace_id = ? AND id = ?',
      )
      .run(requestId, now, this.#session, this.#workspaceId, id)
  }

  /** The request has an outcome. One that is still to be looked up belongs to no session any longer. */
  progress(id: string, change: Progress): void {
    const { state, peerState, peerTask, contextId, requestId } = change
    this.#db
      .query(
        `UPDATE delegation SET state = iif(state = 'open', $state, state),
           peer_state = coalesce($peerState, peer_state), peer_task = coalesce($peerTask, peer_task),
           context_id = coalesce($contextId, context_id), request_id = $requestId, request_session = NULL
         WHERE workspace_id = $workspaceId AND id = $id`,
      )
      .run({ workspaceId: this.#workspaceId, id, state, peerState, peerTask, contextId, requestId })
  }
}
