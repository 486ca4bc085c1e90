/**
 * Fetches the answer to a task from the platform while a call waits for it and no session receives. Otherwise nobody
 * reads the feed into the ledger, where the call looks for it.
 */
import { sleep } from '../../../base/sleep.ts'
import type { NewTask } from './task-note.ts'
import type { ToolContext } from './tool-context.ts'

/** All clients of a platform share its rate limit. */
const LOOK_INTERVAL_MS = 3_000

/**
 * Looks until the answer is stored or the signal aborts. Never rejects: what cannot be stored stays on the platform, and
 * is looked for again.
 */
export async function storeUnreadAnswer(
  { id, workspaceId }: Pick<NewTask, 'id' | 'workspaceId'>,
  context: ToolContext,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // A session that receives may have started or ended meanwhile.
    if (context.arrival() === 'inbox') {
      const unread = await context.unread(signal)
      const answer = unread.find((one) => one.workspaceId === workspaceId && one.delegationId === id)
      if (answer !== undefined && !signal.aborted) {
        try {
          // Without its `seq`, as rows before it are still to be read, and without a cursor.
          const row = { ...answer.entry, seq: null }
          context.ledger()?.of(workspaceId).storePage([row], undefined, context.clock.now())
          return
        } catch {
          // Most likely a full disk, or another process that writes.
        }
      }
    }
    await sleep(LOOK_INTERVAL_MS, signal, context.clock)
  }
}
