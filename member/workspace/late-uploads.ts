/** Uploaded files that no message has named in time become messages of their own. */
import type { Workspace } from './workspace.ts'

/** Returns how many there were. */
export function releaseUploads({ ledger, events, clock }: Workspace): number {
  const released = ledger.releaseUploads(clock.now())
  if (released > 0) events.emit('stored')
  return released
}
