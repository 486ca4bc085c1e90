/**
 * What it means that messages were written to a host and its prompt hook reports prompts, but none of them. A host that
 * listens shows a message at once, unless a turn is running: then it waits for the next result of a tool, or the end of
 * the turn, while the hook reports what a user types at once. Pure.
 */

/** A host that listens and is not busy has shown a message by this age. */
export const SETTLED_MS = 30_000
/** No single call of a tool is likely to take as long while the user types twice. */
const DOUBTED_MS = 60_000

export interface Silence {
  /** Messages written over {@link SETTLED_MS} ago, after the last event that the hook reported. */
  readonly overdue: number
  /** No turn was running when the prompt was typed: none had begun since the last one ended. */
  readonly wasIdle: boolean
  /** The hook reports when a turn ends, so it is known whether one is running. */
  readonly reportsTurns: boolean
  /** The hook has reported an event before: the host listens, or did so. */
  readonly hasListened: boolean
  /** Milliseconds since a typed prompt first found messages overdue. */
  readonly doubtedForMs: number
}

/** `doubt`: the host may be busy, or not listen. */
export type Meaning = 'nothing' | 'doubt' | 'deaf'

/** Judges the moment when a user typed a prompt. */
export function judgeSilence(silence: Silence): Meaning {
  const { overdue, wasIdle, reportsTurns, hasListened, doubtedForMs } = silence
  if (overdue === 0) return 'nothing'
  if (wasIdle) return 'deaf'
  return !reportsTurns && !hasListened && doubtedForMs >= DOUBTED_MS ? 'deaf' : 'doubt'
}
