/**
 * The event that shows whether a host listens, where nothing else does. It holds no message: a host that does
 * not listen drops it and loses nothing, and one that does passes it to the prompt hook, whose receipt is the proof.
 * Pure.
 */
import { notificationLine } from '../event/notification.ts'

const CONTENT =
  'The Molecule plugin on this machine sent this note to check that channel messages reach this session. They do, and the waiting messages follow. You need not answer or do anything.'

/**
 * @param workspaceId one that messages wait for.
 * @param id distinguishes this probe from messages and other probes.
 * @returns one line of JSON-RPC.
 */
export function probeLine(workspaceId: string, id: string): string {
  return notificationLine({
    content: CONTENT,
    meta: { kind: 'probe', workspace_id: workspaceId, activity_id: id },
  })
}
