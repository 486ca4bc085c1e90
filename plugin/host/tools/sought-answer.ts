/**
 * Reads the feed while a call waits for the answer to a task and no session receives. Otherwise nobody reads it into the
 * ledger, where the call looks for the answer.
 */
import { sleep } from '../../../base/sleep.ts'
import type { ToolContext } from './tool-context.ts'

/** All clients of a platform share its rate limit. */
const LOOK_INTERVAL_MS = 3_000

/** Reads until the signal aborts. Never rejects. */
export async function seekAnswer(context: ToolContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A session that receives may have started or ended meanwhile.
    if (context.arrival() === 'inbox') await context.update(signal)
    await sleep(LOOK_INTERVAL_MS, signal, context.clock)
  }
}
