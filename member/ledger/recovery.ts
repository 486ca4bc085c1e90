/**
 * Decides which messages that earlier sessions may have written a new holder writes again, within bounds. What this
 * session itself wrote is left alone: its host has it, or will get it.
 */
import type { Database } from '../../base/sqlite.ts'
import type { GivenMessages } from './given-messages.ts'
import { deleteOldInquiries } from './inquiries.ts'
import { type Fate, fateOf, judgeShowing, MAX_UNSURE_ATTEMPTS } from './showing.ts'

/**
 * How long a message is kept. Rows a platform still has after that are read again as if new only if the cursor is lost,
 * too.
 */
const KEEP_MS = 30 * 24 * 60 * 60_000
const AFTER_ALL_TIMES = '~'

export interface Recovery {
  /** How many will be written again. */
  readonly again: number
  /** How many have used up their attempts, or may have been shown too long ago, and are only kept: a thousand at most. */
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

const BACK = "state = CASE WHEN digest IS NULL THEN 'received' ELSE 'held' END"
const FATES: Readonly<Record<Fate, string>> = {
  presumed: "state = 'presumed'",
  again: BACK,
  'again, unseen': `${BACK}, unseen = unseen + 1`,
  kept: 'session = NULL',
}

/** A message that was sent, with what is known about its session. */
interface SentRow {
  readonly ord: number
  readonly bytes: number
  readonly attempts: number
  readonly unseen: number
  readonly sentAt: number
  readonly receivedAt: number
  /** These are null when nothing is known. */
  readonly hooked: number | null
  readonly heardAt: number | null
  readonly answeredOrd: number | null
  readonly answeredSentAt: number | null
}

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
  constructor(db: Database, workspaceId: string, given: GivenMessages, now: number) {
    this.#db = db
    this.#values = { workspaceId, session: given.session }
    this.#now = now
    this.#steps = [
      () => this.#keepGiven(given.all()),
      () => this.#settleSending(`attempts - unseen < ${MAX_UNSURE_ATTEMPTS}`, BACK),
      () =>
        this.#settleSending(
          'TRUE',
          `state = 'sent', session = NULL, sent_at = coalesce(sent_at, received_at)`,
        ),
      // The two ranges leave out this session, and what is only kept.
      () => this.#settleSent('message.session < $session'),
      () => this.#settleSent('message.session > $session'),
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
      givenUp: this.#count('message_sent', "state = 'sent' AND session IS NULL", MAX_KEPT_COUNT),
      presumed: this.#presumed,
    }
  }

  /** Another session held the workspace in between: it wrote these again, or was about to. This host already has them. */
  #keepGiven(given: readonly number[]): number {
    if (given.length === 0) return 0
    return this.#update(
      `state = 'sent', session = $session, sent_at = coalesce(sent_at, received_at)
       WHERE ord IN (${chunk(`${SELECT} WHERE ord IN (SELECT value FROM json_each($given)) AND +workspace_id = $workspaceId
       AND (state IN ('sending', 'sent') AND session IS NOT $session OR state IN ('received', 'held') AND attempts > 0)`)})`,
      { given: JSON.stringify(given) },
    )
  }

  /** The writing was interrupted: most likely it was not seen. */
  #settleSending(which: string, what: string): number {
    return this.#update(
      `${what} WHERE ${some('message_unsent', `${UNSENT} AND state = 'sending' AND session <> $session AND ${which}`)}`,
    )
  }

  /** Some of what other sessions sent without any proof that their hosts showed it. */
  #settleSent(which: string): number {
    return this.#db.transaction(() => {
      const rows = this.#db
        .query<SentRow, [Record<string, string>]>(
          `SELECT ord, octet_length(content) AS bytes, attempts, unseen, sent_at AS sentAt, received_at AS receivedAt, hooked, heard_at AS heardAt,
             answered_ord AS answeredOrd, answered_sent_at AS answeredSentAt
           FROM message INDEXED BY message_sent LEFT JOIN session ON session.id = message.session
           WHERE workspace_id = $workspaceId AND state = 'sent' AND ${which} LIMIT ${CHUNK}`,
        )
        .all(this.#values)
      let bytes = 0
      for (const row of rows) {
        this.#settle(row)
        bytes += row.bytes
        if (bytes >= CHUNK_BYTES) break
      }
      return rows.length
    })
  }

  #settle(row: SentRow): void {
    const { ord, attempts, unseen, sentAt, answeredOrd, answeredSentAt } = row
    const answered =
      answeredOrd === null || answeredSentAt === null ? null : { ord: answeredOrd, sentAt: answeredSentAt }
    const evidence = { hooked: row.hooked === 1, heardAt: row.heardAt, answered }
    const showing = judgeShowing(evidence, { ord, sentAt })
    const fate = fateOf(showing, { attempts, unseen, age: this.#now - row.receivedAt })
    if (fate === 'presumed') this.#presumed++
    this.#db.query(`UPDATE message SET ${FATES[fate]} WHERE ord = ?`).run(ord)
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
 * Deletes some of what is too old and does not wait to be written. Old by both clocks: by ours, measured from the last
 * look at the feed, and by the platform's, measured from the newest row. One clock that jumps forward makes everything
 * seem old, and what the platform has shown lately is read a second time: it would be taken for new.
 *
 * @returns whether there may be more.
 */
export function deleteOld(db: Database, workspaceId: string, now: number): boolean {
  const cursor = db
    .query<{ checkedAt: number; createdAt: string }, [string]>(
      'SELECT checked_at AS checkedAt, created_at AS createdAt FROM cursor WHERE workspace_id = ?',
    )
    .get(workspaceId)
  const newest = Date.parse(cursor?.createdAt ?? '')
  const { changes } = db
    .query(
      `DELETE FROM message WHERE ${some(
        'message_age',
        `received_at < $received AND created_at < $created AND NOT ${UNSENT}`,
      )}`,
    )
    .run({
      workspaceId,
      received: Math.min(now, cursor?.checkedAt ?? now) - KEEP_MS,
      // Without a row to continue after, nothing before it is read.
      created: Number.isNaN(newest) ? AFTER_ALL_TIMES : new Date(newest - KEEP_MS).toISOString(),
    })
  if (changes > 0) return true
  db.query('DELETE FROM session WHERE begun_at < ?').run(now - KEEP_MS)
  deleteOldInquiries(db, workspaceId, now)
  return false
}
