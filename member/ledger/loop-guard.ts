/**
 * Two agents that answer each other can go on for ever. What one peer writes faster than a conversation goes is held
 * back, and shown together once a minute.
 */

/** More events than this from one peer within the window are held. */
export const MAX_EVENTS = 20
export const WINDOW_MS = 60_000
/** What is held is shown in one digest so long after the first of it arrived. */
export const DIGEST_AFTER_MS = 60_000

/**
 * Whether a message goes over what a peer may bring at once. Counted in the platform's time, so that a backlog of
 * a quiet day is no burst. Pure.
 *
 * @param earlier when the message that is {@link MAX_EVENTS} places before it was written, if there is one.
 */
export function isOverflow(earlier: string | undefined, createdAt: string): boolean {
  if (earlier === undefined) return false
  // False too where one of them is no time.
  return Math.abs(Date.parse(createdAt) - Date.parse(earlier)) < WINDOW_MS
}
