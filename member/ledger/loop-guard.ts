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

/**
 * Whether a message exceeds a peer's rate limit. Measured in the platform's time, so that a day's backlog does not
 * count as a burst. Pure.
 *
 * @param earlier when the message as many places before it as the limit allows was written, if there is one.
 */
export function isOverflow(earlier: string | undefined, createdAt: string): boolean {
  if (earlier === undefined) return false
  // Also false if either is not a valid time.
  return Math.abs(Date.parse(createdAt) - Date.parse(earlier)) < WINDOW_MS
}
