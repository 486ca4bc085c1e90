/** Who may write to this session. The platform decides first; this only narrows it further. */

import type { Inbound } from '../client/inbound.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'

/** The reason for skipping a message whose sender is not on the list. */
export const NOT_ALLOWED = 'its sender is not in MOLECULE_ALLOWED_SENDERS'

const GROUPS: Readonly<Record<Inbound['kind'], string | undefined>> = {
  canvas_user: 'canvas',
  external: 'external',
  scheduled: 'scheduled',
  peer_agent: undefined,
  // The platform's own report on a task this workspace delegated.
  delegation_result: 'own',
}

/** Pure. `allowed` undefined: everyone the platform lets through. */
export function mayWrite(
  { kind, peerId }: Pick<Inbound, 'kind' | 'peerId'>,
  allowed: AllowedSenders,
): boolean {
  if (allowed === undefined) return true
  const group = GROUPS[kind]
  if (group === 'own') return true
  return allowed.includes(group ?? peerId ?? '')
}
