/**
 * Two agents that answer each other can go on forever. Messages that a peer writes faster than a conversation needs are
 * held back, and shown together once a minute.
 */

/** More events than this from one peer within the window are held. */
export const MAX_EVENTS = 20
/** The same for a peer that works on a task of ours: its reports are no conversation, but still need a bound. */
export const MAX_EVENTS_OF_WORKER = 200
export const WINDOW_MS = 60_000
/** How long after the first held message arrived the digest is shown. */
export const DIGEST_AFTER_MS = 60_000

/** When a message was written, as the platform dates it, and when it was received here. */
export interface Moment {
  readonly createdAt: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/**
 * Whether a message exceeds a sender's rate limit. The platform's time tells a day's backlog from a burst. Our own time
 * tells a burst from messages that the platform dates to one moment, as after a row that was dated ahead. Pure.
 *
 * @param earlier the message as many places before it as the limit allows, if there is one.
 */
export function isOverflow(earlier: Moment | undefined, message: Moment): boolean {
  if (earlier === undefined) return false
  // Also false if either is not a valid time.
  return (
    Math.abs(Date.parse(message.createdAt) - Date.parse(earlier.createdAt)) < WINDOW_MS &&
    Math.abs(message.receivedAt - earlier.receivedAt) < WINDOW_MS
  )
}
