/** Waits in a call for the answer to a task, which whichever session reads the feed puts into the ledger. */
import { inboundSchema } from '../../platform/inbound.ts'
import { sleep } from '../../timing/sleep.ts'
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
    const come = note.answer()
    if (come !== undefined) {
      const { text, attachments } = inboundSchema.parse(JSON.parse(come.content))
      // Files are fetched for an event only, and what another session has shown is not to be told twice.
      if (attachments.length > 0 || !note.take()) return { text: SHOWN }
      return tellAnswer(text, `peer ${come.peerId}`, 0, come.activityId)
    }
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
