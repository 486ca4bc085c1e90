/**
 * The outcomes of tasks that this workspace gave to others, one JSON object in a line, for the program that gave them.
 * The ledger has seen to it that each is here once, and that somebody else's outcome never is.
 */
import { join } from 'node:path'
import { plainText } from '../base/plain-text.ts'
import type { Inbound } from '../member/client/inbound.ts'
import { appendToFile } from '../member/folder/regular-file.ts'
import type { StoredMessage } from '../member/ledger/ledger.ts'

const FAILURES: readonly string[] = ['failed', 'rejected', 'canceled']
const MAX_PREVIEW = 2_000

export interface Outcome {
  readonly id: string
  readonly status: string
  readonly isFailure: boolean
}

/** Where the outcomes are, in the state folder. Pure. */
export function resultsFile(folder: string): string {
  return join(folder, 'delegation-results.jsonl')
}

/** @throws the file system's error; the same outcome is then given again. */
export function recordResult(folder: string, stored: StoredMessage, message: Inbound): Outcome {
  const { delegationId, taskStatus, peerId, text } = message
  const status = taskStatus ?? 'completed'
  const isFailure = FAILURES.includes(status)
  const id = stored.delegationId ?? delegationId ?? stored.activityId
  const line = {
    delegation_id: id,
    target_id: peerId,
    source_id: stored.workspaceId,
    status,
    response_preview: plainText(text, MAX_PREVIEW),
    error: isFailure ? plainText(text, MAX_PREVIEW) : null,
    timestamp: stored.createdAt,
  }
  appendToFile(resultsFile(folder), `${JSON.stringify(line)}\n`)
  return { id, status, isFailure }
}
