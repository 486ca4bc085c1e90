/** Tasks that others gave to this workspace and canceled. */
import type { Database } from '../../base/sqlite.ts'
import type { Cancellation, EndedMessages } from './ledger-rows.ts'

/** Marks a message for the model that asks for nothing. */
export const NO_ANSWER = 'needs no answer'
const CANCELED = 'canceled by its sender before it was shown'

/**
 * Ends the messages of a canceled task: one not yet shown stays hidden, and a shown one is closed. Runs inside the caller's
 * transaction.
 *
 * @param senderId the agent that cancels; null for anybody else.
 */
export function cancelTask(
  db: Database,
  workspaceId: string,
  senderId: string | null,
  { taskId, ofAnyone }: Cancellation,
): EndedMessages {
  if (taskId === null || (senderId === null && !ofAnyone)) return { shown: [], unseen: [] }
  const given = `workspace_id = $workspaceId AND given_task = $taskId AND ($ofAnyone OR peer_id = $senderId)
    AND delegation_id IS NULL`
  const values = { workspaceId, taskId, senderId, ofAnyone: ofAnyone ? 1 : 0 }
  const end = (set: string, which: string): readonly string[] =>
    db
      .query<{ activityId: string }, [typeof values]>(
        `UPDATE message INDEXED BY message_given SET ${set} WHERE ${given} AND ${which}
         RETURNING activity_id AS activityId`,
      )
      .all(values)
      .map(({ activityId }) => activityId)
  // One that waits to be shown again has been shown before.
  return {
    unseen: end(
      `state = 'skipped', reason = '${CANCELED}'`,
      "state IN ('received', 'held') AND attempts = 0",
    ),
    shown: end(
      "state = 'answered'",
      "(state IN ('sending', 'sent', 'presumed', 'confirmed') OR (state IN ('received', 'held') AND attempts > 0))",
    ),
  }
}
