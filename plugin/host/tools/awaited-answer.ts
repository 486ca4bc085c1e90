/** Waits in a call for the answer to a task, which whichever session reads the feed puts into the ledger. */

import { sleep } from '../../../base/sleep.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { tellAnswer } from './send-result.ts'
import type { TaskNote } from './task-note.ts'
import type { Outcome, Progress } from './tool.ts'

/** The answer may be stored by another process, which has no way to wake this one. */
const LOOK_EVERY_MS = 200
/** Often enough for a host that gives up on a call that shows no life. */
const PROGRESS_EVERY_MS = 5_000

const SHOWN = 'The answer has come; it is shown as a channel message of kind delegation_result.'

/**
 * @param until milliseconds since the epoch.
 * @returns undefined when none came in time; then it comes as an event.
 */
export async function awaitAnswer(
  note: TaskNote,
  until: number,
  signal: AbortSignal,
  progress: Progress,
): Promise<Outcome | undefined> {
  const begun = Date.now()
  let told = 0
  while (!signal.aborted) {
    const come = note.nextAnswer()
    if (come !== undefined) {
      const message = readInbound(come.content)
      // Files are fetched for an event only. What came after this one is an event, too.
      if (message === undefined || message.attachments.length > 0 || !note.take(come)) return { text: SHOWN }
      const outcome = tellAnswer(message.text, `peer ${come.peerId}`, 0, come.activityId)
      return { ...outcome, onSent: () => note.told(come) }
    }
    // What another session has shown is not told twice.
    if (note.answered()) return { text: SHOWN }
    const now = Date.now()
    if (now >= until) return undefined
    if (now - told >= PROGRESS_EVERY_MS) {
      told = now
      progress(now - begun, until - begun, 'waiting for the answer')
    }
    await sleep(Math.min(LOOK_EVERY_MS, until - now), signal)
  }
  return undefined
}
