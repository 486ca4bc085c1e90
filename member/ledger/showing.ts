/**
 * Whether a host showed a message that was written to it, and what to do about one that it may not have shown. The host
 * never says so: its prompt hook and the answers of the model tell. Pure.
 */

/** What is known about the host of one session. Times are in milliseconds since the epoch. */
export interface HostEvidence {
  /** Its hooks report what is submitted: they reported a typed prompt, an event of ours, or the end of a turn. */
  readonly hooked: boolean
  /** When the hook last reported an event of ours, or what a call had asked for left as its result. */
  readonly heardAt: number | null
  /** The last written of the events that the model answered. */
  readonly answered: Written | null
}

/** When a message was written to a host. Its place in the ledger tells the order even if the clock was set. */
export interface Written {
  readonly ord: number
  readonly sentAt: number
}

/**
 * - shown: no hook reports it, but the model answered a message that was written later, and hosts show messages in order.
 * - unshown: the hook has reported no event of ours since it was written, and no call has read it. The host does not listen, or still had the
 *   message in its queue, as behind an open dialog.
 * - unnoticed: no hook reports anything, no call has read it, and the model answered nothing. Most likely the session was short, nobody was
 *   there, or the host does not listen; a call of another tool says nothing of that.
 * - unknown: the host shows messages, and may have shown this one.
 */
export type Showing = 'shown' | 'unshown' | 'unnoticed' | 'unknown'

/** Whether the host showed a message of which there is no proof. */
export function judgeShowing({ hooked, heardAt, answered }: HostEvidence, message: Written): Showing {
  const isAnswered = answered !== null && message.ord < answered.ord && message.sentAt < answered.sentAt
  const isHeard = heardAt !== null && heardAt >= message.sentAt
  if (hooked) {
    return isHeard || isAnswered ? 'unknown' : 'unshown'
  }
  if (isAnswered) return 'shown'
  return answered === null && !isHeard ? 'unnoticed' : 'unknown'
}

/** How often at most a message is written to hosts that may have shown it. */
export const MAX_ATTEMPTS = 3
/** As often, a message is written to hosts of which there was no sign, or its writing is interrupted by a crash. */
export const MAX_UNSURE_ATTEMPTS = 10
/** What a host may have shown longer ago is not repeated. */
export const REDELIVER_WITHIN_MS = 24 * 60 * 60_000

export interface Attempts {
  /** How often it was written. */
  readonly attempts: number
  /** How many of these times it reached nobody. */
  readonly unseen: number
  /** Milliseconds since it was received. */
  readonly age: number
}

/**
 * - presumed: it was shown.
 * - again: it is written once more, marked.
 * - again, unseen: the same, and the last attempt does not count.
 * - kept: only the inbox shows it.
 */
export type Fate = 'presumed' | 'again' | 'again, unseen' | 'kept'

/** What becomes of a message whose bytes had left when its session ended. */
export function fateOf(showing: Showing, { attempts, unseen, age }: Attempts): Fate {
  const mayRepeat = attempts - unseen < MAX_ATTEMPTS
  switch (showing) {
    case 'shown':
      return 'presumed'
    case 'unshown':
      return 'again, unseen'
    case 'unnoticed':
      if (unseen < MAX_UNSURE_ATTEMPTS) return 'again, unseen'
      return mayRepeat ? 'again' : 'kept'
    case 'unknown':
      return mayRepeat && age < REDELIVER_WITHIN_MS ? 'again' : 'kept'
  }
}
