/**
 * The outcomes of tasks that this workspace gave to others, one JSON object in a line, for the program that gave them.
 * The ledger has seen to it that each is here once, and that somebody else's outcome never is.
 */
import { join } from 'node:path'
import { plainText } from '../base/plain-text.ts'
import type { Inbound } from '../member/client/inbound.ts'
import { appendToFile } from '../member/folder/regular-file.ts'
import type { StoredMessage } from '../member/ledger/ledger.ts'

const FILE = 'delegation-results.jsonl'
const MAX_PREVIEW = 2_000

/** @throws the file system's error; the same outcome is then given again. */
export function recordResult(folder: string, stored: StoredMessage, message: Inbound): void {
  const { delegationId, taskStatus, peerId, text } = message
  const status = taskStatus ?? 'completed'
  const isFailure = ['failed', 'rejected', 'canceled'].includes(status)
  const line = {
    delegation_id: stored.delegationId ?? delegationId,
    target_id: peerId,
    source_id: stored.workspaceId,
    status,
    response_preview: plainText(text, MAX_PREVIEW),
    error: isFailure ? plainText(text, MAX_PREVIEW) : null,
    timestamp: stored.createdAt,
  }
  appendToFile(join(folder, FILE), `${JSON.stringify(line)}\n`)
}
