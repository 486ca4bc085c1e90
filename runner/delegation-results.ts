/**
 * The outcomes of tasks that this workspace gave to others, one JSON object in a line, for the program that gave them.
 * The ledger has seen to it that somebody else's outcome is never among them.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { plainText } from '../base/plain-text.ts'
import type { Inbound } from '../member/client/inbound.ts'
import { appendToFile, readTail } from '../member/folder/regular-file.ts'
import type { StoredMessage } from '../member/ledger/ledger.ts'

const lineSchema = z.object({ delegation_id: z.string() })
const FAILURES: readonly string[] = ['failed', 'rejected', 'canceled']
const MAX_PREVIEW = 2_000
/** Where the line of an outcome that is given again is looked for: a crash came right after it. */
const TAIL_BYTES = 64 * 1024

export interface Outcome {
  readonly id: string
  readonly status: string
  readonly isFailure: boolean
}

/** Where the outcomes are, in the state folder. Pure. */
export function resultsFile(folder: string): string {
  return join(folder, 'delegation-results.jsonl')
}

/**
 * Writes an outcome down, unless that was done before a crash.
 *
 * @throws the file system's error; the same outcome is then given again.
 */
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
  const path = resultsFile(folder)
  const tail = readTail(path, TAIL_BYTES)
  if (stored.attempts === 0 || !tail.split('\n').some((one) => idIn(one) === id)) {
    // A line that a full disk or a power cut has broken off must not spoil this one.
    const isBroken = tail !== '' && !tail.endsWith('\n')
    appendToFile(path, `${isBroken ? '\n' : ''}${JSON.stringify(line)}\n`)
  }
  return { id, status, isFailure }
}

function idIn(line: string): string | undefined {
  try {
    return lineSchema.parse(JSON.parse(line)).delegation_id
  } catch {
    // Broken off, or cut where the tail begins.
    return undefined
  }
}
