/** What an event of the platform tells the page to read. Events are hints: the rows are authoritative. Pure. */

/** @returns {'team' | 'log' | 'receipt' | undefined} */
export function toRead({ event }) {
  if (event === 'WORKSPACE_HEARTBEAT') return undefined
  if (/^(?:WORKSPACE_|REQUEST_|TASK_UPDATED)/.test(event)) return 'team'
  if (event === 'ACTIVITY_RECEIPT') return 'receipt'
  return /^(?:AGENT_MESSAGE$|ACTIVITY_LOGGED$|DELEGATION_)/.test(event) ? 'log' : undefined
}
