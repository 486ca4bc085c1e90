/**
 * Decides which messages that earlier sessions may have written a new holder writes again, within bounds. What this
 * session itself wrote is left alone: its host has it, or will get it.
 */
import type { Database } from '../../base/sqlite.ts'

/** How often at most a message whose bytes have left the process is written. */
export const MAX_ATTEMPTS = 3
/** A message whose writing a crash interrupted has most likely not been seen, so it gets more attempts. */
export const MAX_UNSURE_ATTEMPTS = 10
/** Messages written longer ago are not repeated in a later session. */
export const REDELIVER_WITHIN_MS = 24 * 60 * 60_000
/** What such a session sent this long before its last sign of life is presumed seen. */
export const PRESUME_AFTER_MS = 60_000
/**
 * How long a message is kept. Rows a platform still has after that are read again as if new only if the cursor is lost,
 * too.
 */
const KEEP_MS = 30 * 24 * 60 * 60_000

export interface Recovery {
  /** How many will be written again. */
  readonly again: number
  /** How many have used up their attempts, or were sent too long ago, and are only kept: a thousand at most. */
  readonly givenUp: number
  /** How many are presumed to have been seen. */
  readonly presumed: number
}

/** How many messages are changed at once, and how long they are: a longer transaction would hold the loop, or another session. */
const CHUNK = 200
const CHUNK_BYTES = 1024 * 1024
/** Of the messages that a query selects, a chunk: at least one. */
const chunk = (select: string): string =>
  `SELECT ord FROM (SELECT ord, bytes, sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS bytes_so_far FROM (${select} LIMIT ${CHUNK}))
   WHERE bytes_so_far - bytes < ${CHUNK_BYTES}`
const SELECT = 'SELECT ord, octet_length(content) AS bytes FROM message'
/**
 * Inside an UPDATE: the messages of the workspace that some condition chooses, a chunk of them.
 *
 * @param index contains few messages that the condition does not choose, whatever was received before.
 */
const some = (index: string, which: string): string =>
  `ord IN (${chunk(`${SELECT} INDEXED BY ${index} WHERE workspace_id = $workspaceId AND ${which}`)})`
/** As the index of these states has it. */
const UNSENT = "state IN ('received', 'held', 'sending')"
/** Beyond this, messages that are only kept are not counted. */
const MAX_KEPT_COUNT = 1_000

/**
 * One recovery, in steps. Each step is one transaction that can be repeated, and so can the whole, from its beginning:
 * nothing is delivered before the last.
 */
export class RecoverySteps {
  readonly #db: Database
  readonly #values: { readonly workspaceId: string; readonly session: string }
  readonly #now: number
  readonly #steps: (() => number)[]
  #presumed = 0

  /**
   * @param given what this session itself has written to its host.
   * @param now milliseconds since the epoch.
   */
  constructor(db: Database, workspaceId: string, session: string, given: readonly number[], now: number) {
    this.#db = db
    this.#values = { workspaceId, session }
    this.#now = now
    this.#steps = [
      () => this.#keepGiven(given),
      () => this.#presume(),
      () =>
        this.#takeBack(
          'message_unsent',
          `${UNSENT} AND state = 'sending' AND attempts < ${MAX_UNSURE_ATTEMPTS}`,
        ),
      () => this.#takeBack('message_again', `state = 'sent' AND attempts < ${MAX_ATTEMPTS}`),
      () => this.#giveUp(),
    ]
  }

  /**
   * Does the next step.
   *
   * @returns the outcome after the last one; undefined before.
   * @throws the ledger's error; then the step is still to be done.
   */
  next(): Recovery | undefined {
    const [step] = this.#steps
    if (step !== undefined) {
      if (step() === 0) this.#steps.shift()
      return undefined
    }
    return {
      again: this.#count('message_unsent', `${UNSENT} AND state <> 'sending' AND attempts > 0`),
      givenUp: this.#count('message_sent', "state = 'sent' AND session <> $session", MAX_KEPT_COUNT),
      presumed: this.#presumed,
    }
  }

  /** Another session held the workspace in between: it wrote these again, or was about to. This host already has them. */
  #keepGiven(given: readonly number[]): number {
    if (given.length === 0) return 0
    return this.#update(
      `state = 'sent', session = $session, sent_at = coalesce(sent_at, received_at)
       WHERE ord IN (${chunk(`${SELECT} WHERE ord IN (SELECT value FROM json_each($given)) AND +workspace_id = $workspaceId
       AND (state IN ('sending', 'sent') AND session <> $session OR state IN ('received', 'held') AND attempts > 0)`)})`,
      { given: JSON.stringify(given) },
    )
  }

  /**
   * A session with the channel and a user but without a single receipt has its hooks off, so no receipt could be
   * expected. The last look at the feed is the last sign of life that every session leaves.
   */
  #presume(): number {
    const changes = this.#update(
      `state = 'presumed' WHERE ${some(
        'message_sent',
        `session <> $session AND state = 'sent'
       AND sent_at <= (SELECT checked_at FROM cursor WHERE workspace_id = $workspaceId) - ${PRESUME_AFTER_MS}
       AND session IN (SELECT id FROM session WHERE prompted = 1 AND receipted = 0 AND with_channel = 1)`,
      )}`,
    )
    this.#presumed += changes
    return changes
  }

  #takeBack(index: string, which: string): number {
    return this.#update(
      `state = CASE WHEN digest IS NULL THEN 'received' ELSE 'held' END
       WHERE ${some(index, `${which} AND session <> $session AND received_at > $oldest`)}`,
      { oldest: this.#now - REDELIVER_WITHIN_MS },
    )
  }

  /** A message that may not be written again counts as sent, even if it is unknown whether it was. */
  #giveUp(): number {
    return this.#update(
      `state = 'sent', sent_at = coalesce(sent_at, received_at) WHERE ${some(
        'message_unsent',
        `${UNSENT} AND session <> $session
       AND (state = 'sending' OR attempts > 0 AND received_at <= $oldest)`,
      )}`,
      { oldest: this.#now - REDELIVER_WITHIN_MS },
    )
  }

  #update(what: string, values: Readonly<Record<string, string | number>> = {}): number {
    return this.#db.query(`UPDATE message SET ${what}`).run({ ...this.#values, ...values }).changes
  }

  #count(index: string, which: string, limit = -1): number {
    return (
      this.#db
        .query<{ n: number }, [Record<string, string>]>(
          `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY ${index}
           WHERE workspace_id = $workspaceId AND ${which} LIMIT ${limit})`,
        )
        .get(this.#values)?.n ?? 0
    )
  }
}

/**
 * Deletes some of what is too old. Age is measured from the last look at the feed: with a wrong clock, everything could
 * seem old, and everything the platform still has would be read as if new.
 *
 * @returns whether there may be more.
 */
export function deleteOld(db: Database, workspaceId: string, now: number): boolean {
  const { changes } = db
    .query(
      `DELETE FROM message WHERE ${some(
        'message_age',
        `state <> 'received'
       AND received_at < min($now, coalesce((SELECT checked_at FROM cursor WHERE workspace_id = $workspaceId), $now)) - ${KEEP_MS}`,
      )}`,
    )
    .run({ workspaceId, now })
  if (changes > 0) return true
  db.query('DELETE FROM session WHERE begun_at < ?').run(now - KEEP_MS)
  return false
}
