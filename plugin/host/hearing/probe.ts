/**
 * The event that finds out whether a host listens, where nothing else shows it. It holds no message: a host that does
 * not listen drops it and loses nothing, and one that does passes it to the prompt hook, whose receipt is the proof.
 * Pure.
 */
import { notificationLine } from '../event/notification.ts'

const CONTENT =
  'This note is from the Molecule plugin on this machine, which had to find out whether this session is shown channel messages. It is; the messages that wait follow. There is nothing to answer or to do.'

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
