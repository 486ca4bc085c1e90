/** A row of the feed as the ledger keeps it: what it is, whether it is for the model, and which task it answers. */

import { purposeOf } from '../client/a2a-method.ts'
import type { ActivityRow } from '../client/activity.ts'
import { cancellation, type Inbound, interpretRow } from '../client/inbound.ts'
import { endsInQuestion } from '../client/question.ts'
import { readUpload, uploadsNamed } from '../client/upload-row.ts'
import type { Cancellation, Entry, TaskMark } from '../ledger/ledger.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'
import { admit, mayWrite } from './sender-gate.ts'

/**
 * Pure.
 *
 * @param allowed who may write; undefined: everyone the platform lets through.
 * @param skipBecause returns the reason when the row is not for the model, whatever its content.
 */
export function toEntry(
  row: ActivityRow,
  workspaceId: string,
  allowed?: AllowedSenders,
  skipBecause: string | null = null,
): Entry {
  const reading = interpretRow(row, workspaceId)
  const common = {
    activityId: row.id,
    seq: row.seq ?? null,
    createdAt: row.created_at,
    peerId: row.source_id?.toLowerCase() ?? null,
    // Also of a sender who may not write: its files must not be shown by themselves either.
    names: uploadsNamed(row, reading, workspaceId),
  }
  const upload = skipBecause === null ? readUpload(row, workspaceId) : undefined
  if (upload !== undefined && mayWrite(upload.message, allowed)) {
    return admit({ ...common, task: null, upload: upload.fileId }, upload.message, allowed)
  }
  const skipped = skipBecause ?? (reading.deliver ? null : reading.reason)
  if (skipped !== null || !reading.deliver) return { ...common, task: null, content: '{}', skipped }
  const { message, taskId, notice } = reading
  const crowd = crowdOf(message, row.seq !== undefined)
  if (purposeOf(message.method) === 'cancel') {
    return admit({ ...common, crowd, task: null, cancels: cancelOf(message) }, message, allowed)
  }
  const answersNothing = asksBack(message)
  const told = { crowd, task: taskOf(message), given: taskId, notice, answersNothing }
  return admit({ ...common, ...told }, message, allowed)
}

/**
 * Everyone outside, whatever name a message gives, and every visitor of the chat whom the platform has not checked. One
 * that does not number its rows checks nobody: there the chat belongs to its operator.
 */
function crowdOf({ kind, authenticated }: Inbound, isChecked: boolean): string | null {
  if (kind === 'external') return 'external'
  return kind === 'canvas_user' && isChecked && !authenticated ? 'visitors' : null
}

/** The authenticated person may cancel any task; everybody else, only their own. */
function cancelOf(message: Inbound): Cancellation {
  const { delegationId: taskId, authenticated } = message
  const tell: Cancellation['tell'] = (ended) =>
    JSON.stringify({ ...message, text: cancellation(taskId, ended) })
  return { taskId, ofAnyone: authenticated, tell }
}

/** A sender that names the task also marks a question; in any other message, only the words show it. */
function asksBack({ delegationId, taskStatus, text }: Inbound): boolean {
  return taskStatus === 'input-required' || (delegationId === null && endsInQuestion(text))
}

function taskOf({ kind, delegationId, taskStatus }: Inbound): TaskMark | null {
  if (delegationId === null) return null
  return {
    id: delegationId,
    by: kind === 'delegation_result' ? 'platform' : 'peer',
    failed: taskStatus === 'failed',
  }
}
