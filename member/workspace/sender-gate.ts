/** Who may write to this session. The platform decides first; this only narrows it further. */

import type { Inbound } from '../client/inbound.ts'
import type { Entry } from '../ledger/ledger.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'

/** The reason for skipping a message whose sender is not on the list. */
export const NOT_ALLOWED = 'its sender is not in MOLECULE_ALLOWED_SENDERS'

const GROUPS: Readonly<Record<Inbound['kind'], string | undefined>> = {
  canvas_user: 'canvas',
  external: 'external',
  scheduled: 'scheduled',
  // A person answers in the chat.
  request_answer: 'canvas',
  peer_agent: undefined,
  // In the words of the peer that did the task.
  delegation_result: undefined,
}

/** Pure. `allowed` undefined: everyone the platform lets through. */
export function mayWrite(
  { kind, peerId }: Pick<Inbound, 'kind' | 'peerId'>,
  allowed: AllowedSenders,
): boolean {
  if (allowed === undefined) return true
  // A report of the platform on a task of ours that no peer did.
  if (kind === 'delegation_result' && peerId === null) return true
  return allowed.includes(GROUPS[kind] ?? peerId ?? '')
}

/**
 * The entry of a message as the ledger may have it: every message that can become an event passes here. Of one whose
 * sender may not write, the text is not stored either, so nothing that displays the ledger can show it. Pure.
 */
export function admit(
  entry: Omit<Entry, 'content' | 'skipped'>,
  message: Inbound,
  allowed: AllowedSenders,
): Entry {
  if (mayWrite(message, allowed)) return { ...entry, content: JSON.stringify(message), skipped: null }
  const { activityId, seq, createdAt, peerId, names } = entry
  return {
    activityId,
    seq,
    createdAt,
    peerId,
    ...(names === undefined ? {} : { names }),
    task: null,
    content: '{}',
    skipped: NOT_ALLOWED,
  }
}
