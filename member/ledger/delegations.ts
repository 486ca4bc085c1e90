/** The tasks delegated to peers, and which message answers which. */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, type Entry, type StoredMessage, type TaskMark } from './ledger-rows.ts'
import { RepeatedAnswers } from './repeated-answers.ts'

export interface Delegation {
  readonly id: string
  readonly workspaceId: string
  readonly peerId: string
  /** Its beginning, so that people recognize it. */
  readonly task: string
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  readonly state: 'open' | 'completed' | 'failed'
  /** The platform carries it out and must be asked for the result. */
  readonly watched: boolean
  /** The state of the peer's own A2A task, as it last told; null: it told none. */
  readonly peerState: string | null
  /** The peer's ids of its task and its conversation. A task with an empty id is no longer polled. */
  readonly peerTask: string | null
  readonly contextId: string | null
  /** The request whose answer has not come: by the id of its message, or of the item in the platform's queue. */
  readonly requestId: string | null
  /** When it left, in milliseconds since the epoch. */
  readonly requestedAt: number | null
}

export type NewDelegation = Pick<Delegation, 'id' | 'workspaceId' | 'peerId' | 'task' | 'watched'> &
  Partial<Pick<Delegation, 'requestId'>>

export type DelegationRow = Omit<Delegation, 'watched'> & { readonly watched: number }

/** How a row that claims to answer a task was classified. */
export type Answer =
  /** `closes`: it is the first. */
  | { readonly kind: 'answer'; readonly id: string; readonly closes: boolean }
  /** The result was shown before. */
  | { readonly kind: 'repeated' }
  | { readonly kind: 'none' }

/** The columns of a {@link DelegationRow}. */
export const FIELDS =
  'id, workspace_id AS workspaceId, peer_id AS peerId, task, asked_at AS askedAt, state, watched, peer_state AS peerState, peer_task AS peerTask, context_id AS contextId, request_id AS requestId, requested_at AS requestedAt'
const MAX_TASK_CHARS = 200
/** After this long, a message of the peer that names no task no longer counts as the answer. */
const UNNAMED_ANSWER_WITHIN_MS = 24 * 60 * 60_000
/** How long a task is kept. */
const KEEP_MS = 30 * 24 * 60 * 60_000
/** A peer is no longer asked about a task, and the platform seldom, when it has been unanswered for this long. */
export const WATCH_MS = 24 * 60 * 60_000
/** The longest that a call waits for an answer. */
export const MAX_AWAITED_MS = 120_000

export class Delegations {
  readonly #db: Database
  readonly #session: string
  readonly #repeated: RepeatedAnswers

  constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
    this.#repeated = new RepeatedAnswers(db)
  }

  /** Records a task. Done before it is sent, so that no answer can arrive too early. */
  add(delegation: NewDelegation, now: number): void {
    const { id, workspaceId, peerId, task, watched, requestId = null } = delegation
    // Where the platform assigns the id, its result can arrive first.
    const state = this.answer(workspaceId, id) === undefined ? 'open' : 'completed'
    // Whole or not at all: one that is noted but reported as a failure is never sent.
    this.#db.transaction(() => {
      this.#db
        .query(
          `INSERT INTO delegation
             (id, workspace_id, peer_id, task, asked_at, state, watched, request_id, requested_at, request_session)
           VALUES ($id, $workspaceId, $peerId, $task, $now, $state, $watched, $requestId, $now, $session)
           ON CONFLICT DO NOTHING`,
        )
        .run({
          id,
          workspaceId,
          peerId,
          task: task.slice(0, MAX_TASK_CHARS),
          now,
          state,
          watched: watched ? 1 : 0,
          requestId,
          session: requestId === null ? null : this.#session,
        })
      this.#db
        .query('DELETE FROM delegation WHERE workspace_id = ? AND asked_at < ?')
        .run(workspaceId, now - KEEP_MS)
    })
  }

  /** The task was never sent. */
  remove(workspaceId: string, id: string): void {
    this.#db.query('DELETE FROM delegation WHERE workspace_id = ? AND id = ?').run(workspaceId, id)
  }

  find(workspaceId: string, id: string): Delegation | undefined {
    const row = this.#db
      .query<DelegationRow, [string, string]>(
        `SELECT ${FIELDS} FROM delegation WHERE workspace_id = ? AND id = ?`,
      )
      .get(workspaceId, id)
    return row === null ? undefined : toDelegation(row)
  }

  /** The newest tasks of a workspace, open ones first. */
  list(workspaceId: string, limit: number): readonly Delegation[] {
    const newest = (index: string, which: string, most: number): readonly DelegationRow[] =>
      this.#db
        .query<DelegationRow, [string, number]>(
          `SELECT ${FIELDS} FROM delegation INDEXED BY ${index} WHERE workspace_id = ? AND ${which}
           ORDER BY asked_at DESC LIMIT ?`,
        )
        .all(workspaceId, most)
    const open = newest('delegation_open', "state = 'open'", limit)
    const ended = newest('delegation_ended', "state <> 'open'", limit - open.length)
    return [...open, ...ended].map(toDelegation)
  }

  /** The open tasks that the platform carries out. */
  watched(workspaceId: string, now: number): readonly Delegation[] {
    return this.#db
      .query<DelegationRow, [string, number]>(
        `SELECT ${FIELDS} FROM delegation INDEXED BY delegation_open WHERE workspace_id = ? AND state = 'open' AND watched = 1 AND asked_at > ?`,
      )
      .all(workspaceId, now - KEEP_MS)
      .map(toDelegation)
  }

  /** The platform has handed the task over; the answer, if any, comes from the peer. */
  handedOver(workspaceId: string, id: string): void {
    this.#db.query('UPDATE delegation SET watched = 0 WHERE workspace_id = ? AND id = ?').run(workspaceId, id)
    // It may have arrived before the platform said so.
    if (this.answer(workspaceId, id) !== undefined) this.close(workspaceId, id, 'completed')
  }

  close(workspaceId: string, id: string, state: 'completed' | 'failed'): void {
    this.#db
      .query(
        "UPDATE delegation SET state = ?, watched = 0 WHERE workspace_id = ? AND id = ? AND state <> 'completed'",
      )
      .run(state, workspaceId, id)
  }

  /**
   * Until `until` (milliseconds since the epoch) a call waits for the answer, which is not shown as an event in that
   * time.
   */
  await(workspaceId: string, id: string, until: number): void {
    this.#db
      .query('UPDATE delegation SET awaited_until = ? WHERE workspace_id = ? AND id = ?')
      .run(until, workspaceId, id)
  }

  /** Whether a call waits for an answer. A wait longer than the maximum means that the clock was changed. */
  anyAwaited(workspaceIds: readonly string[], now: number): boolean {
    const found = this.#db
      .query(
        `SELECT 1 FROM delegation INDEXED BY delegation_awaited
         WHERE awaited_until > 0 AND awaited_until > ?1 AND awaited_until <= ?1 + ${MAX_AWAITED_MS}
         AND workspace_id IN (SELECT value FROM json_each(?2)) LIMIT 1`,
      )
      .get(now, JSON.stringify(workspaceIds))
    return found !== null
  }

  /**
   * Takes an answer that a call waits for: it becomes the result of that call and not an event, unless that result
   * never leaves the process. False when it already is an event.
   */
  take({ ord }: StoredMessage): boolean {
    return (
      this.#db
        .query(
          "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ? WHERE ord = ? AND state = 'received'",
        )
        .run(this.#session, ord).changes > 0
    )
  }

  /** The result with the answer never left the process: the answer becomes an event. */
  release({ ord }: StoredMessage): void {
    this.#db
      .query("UPDATE message SET state = 'received' WHERE ord = ? AND state = 'sending' AND session = ?")
      .run(ord, this.#session)
  }

  /** The result that contains an answer has left the process. */
  told({ ord }: StoredMessage): void {
    this.#db
      .query("UPDATE message SET state = 'answered' WHERE ord = ? AND state = 'sending' AND session = ?")
      .run(ord, this.#session)
  }

  /** The oldest message that answers a task and has not been shown yet. */
  nextAnswer(workspaceId: string, id: string): StoredMessage | undefined {
    return (
      this.#db
        .query<StoredMessage, [string, string]>(
          `SELECT ${COLUMNS} FROM message INDEXED BY message_delegation
           WHERE delegation_id = ? AND workspace_id = ? AND state = 'received'
           ORDER BY ord LIMIT 1`,
        )
        .get(id, workspaceId) ?? undefined
    )
  }

  /** The newest message that answers a task. */
  answer(workspaceId: string, id: string): StoredMessage | undefined {
    return (
      this.#db
        .query<StoredMessage, [string, string]>(
          `SELECT ${COLUMNS} FROM message INDEXED BY message_delegation
           WHERE delegation_id = ? AND workspace_id = ? AND state <> 'skipped'
           ORDER BY ord DESC LIMIT 1`,
        )
        .get(id, workspaceId) ?? undefined
    )
  }

  /** Whether a peer works on a task of ours, given within the last day. */
  isWorking(workspaceId: string, peerId: string, now: number): boolean {
    const found = this.#db
      .query(
        "SELECT 1 FROM delegation INDEXED BY delegation_peer WHERE workspace_id = ? AND peer_id = ? AND state = 'open' AND asked_at > ? LIMIT 1",
      )
      .get(workspaceId, peerId, now - UNNAMED_ANSWER_WITHIN_MS)
    return found !== null
  }

  /**
   * Which task a row that was just stored answers; closes that task. A peer's message counts only for a task that was
   * given to that same peer, and a question answers none. If it names no task, it answers the peer's only open one:
   * platforms do not link an answer to its task.
   */
  match(workspaceId: string, entry: Entry, now: number): Answer {
    const { task, peerId } = entry
    if (task?.by === 'platform') return this.#matchReport(workspaceId, entry, task)
    if (peerId === null || entry.answersNothing === true) return { kind: 'none' }
    const id = this.answeredBy(workspaceId, entry, now)
    const known = id === undefined ? undefined : this.find(workspaceId, id)
    if (known?.state !== 'open' && this.#repeated.isReported(entry, workspaceId, peerId)) {
      return { kind: 'repeated' }
    }
    if (known === undefined) return { kind: 'none' }
    const closes = known.state === 'open' && !known.watched
    // Where the platform carries the task out, what the peer says in the meantime is not its result.
    if (closes) this.close(workspaceId, known.id, task?.failed === true ? 'failed' : 'completed')
    return { kind: 'answer', id: known.id, closes }
  }

  /** Which task of ours a row answers, as far as it tells: for one that is not stored. Records nothing. */
  answeredBy(workspaceId: string, { task, peerId, answersNothing }: Entry, now: number): string | undefined {
    if (task?.by === 'platform') return task.id
    if (peerId === null || answersNothing === true) return undefined
    return task === null
      ? this.#onlyOpen(workspaceId, peerId, now)
      : this.#given(workspaceId, task.id, peerId)
  }

  #matchReport(workspaceId: string, entry: Entry, { id, failed }: TaskMark): Answer {
    const known = this.find(workspaceId, id)
    // A task that the platform gave up may be done after all.
    if (known?.state === 'completed' || (known?.state === 'failed' && failed)) return { kind: 'repeated' }
    const isSaid =
      known !== undefined && !failed && this.#repeated.quotes(entry, workspaceId, id, known.peerId)
    // Where it quotes the peer's own word that the task failed, the platform means that the peer has answered.
    if (!isSaid || known.state === 'open') this.close(workspaceId, id, failed ? 'failed' : 'completed')
    return isSaid ? { kind: 'repeated' } : { kind: 'answer', id, closes: true }
  }

  #given(workspaceId: string, id: string, peerId: string): string | undefined {
    return this.find(workspaceId, id)?.peerId === peerId ? id : undefined
  }

  #onlyOpen(workspaceId: string, peerId: string, now: number): string | undefined {
    const [first, second] = this.#db
      .query<{ id: string }, [string, string, number]>(
        "SELECT id FROM delegation INDEXED BY delegation_peer WHERE workspace_id = ? AND peer_id = ? AND state = 'open' AND watched = 0 AND asked_at > ? LIMIT 2",
      )
      .all(workspaceId, peerId, now - UNNAMED_ANSWER_WITHIN_MS)
    return second === undefined ? first?.id : undefined
  }
}

export function toDelegation(row: DelegationRow): Delegation {
  return { ...row, watched: row.watched === 1 }
}
