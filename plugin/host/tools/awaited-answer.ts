/** Waits within a call for the answer to a task. Whichever session reads the feed puts it into the ledger. */

import type { Clock } from '../../../base/clock.ts'
import { sleep } from '../../../base/sleep.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { tellAnswer } from './send-result.ts'
import type { TaskNote } from './task-note.ts'
import type { Outcome, Progress } from './tool.ts'

/** Another process may store the answer, and cannot wake this one. */
const CHECK_INTERVAL_MS = 200
/** Often enough for a host that abandons calls which show no sign of life. */
const PROGRESS_INTERVAL_MS = 5_000

/** The call does not return the answer, as an event does. */
export const SHOWN: Outcome = {
  text: 'The answer has arrived; it is shown as a channel message of kind delegation_result.',
}

/**
 * @param until milliseconds since the epoch.
 * @returns undefined when none came in time; an answer that comes later becomes an event.
 */
export async function awaitAnswer(
  note: TaskNote,
  until: number,
  clock: Clock,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<Outcome | undefined> {
  const begun = clock.now()
  let told = 0
  while (!signal.aborted) {
    const answer = note.nextAnswer()
    if (answer !== undefined) {
      const message = readInbound(answer.content)
      // Only an event fetches files. `take` fails when the answer has become an event in the meantime.
      if (message === undefined || message.attachments.length > 0 || !(await note.take(answer, signal)))
        return SHOWN
      const outcome = tellAnswer(message.text, `peer ${answer.peerId}`, 0, answer.activityId)
      return { ...outcome, onSent: () => note.told(answer), onLost: () => note.release(answer) }
    }
    // Another session has shown it; the model must not get it twice.
    if (note.answered()) return SHOWN
    const now = clock.now()
    if (now >= until) return undefined
    if (now - told >= PROGRESS_INTERVAL_MS) {
      told = now
      progress?.(now - begun, until - begun, 'waiting for the answer')
    }
    await sleep(Math.min(CHECK_INTERVAL_MS, until - now), signal, clock)
  }
  return undefined
}
