// Waiting for the next activity row of a workspace, where no stream can be held.

import type { Events } from '../base/events.ts'

export const MAX_WAIT_SECONDS = 50

/** Announced on every page of activity, so that a client knows that it may wait, and for how long. */
export const WAIT_HEADER = 'X-Activity-Wait-Max'

/**
 * Resolves when the workspace's log may have grown, when the time is over, when the reader left or when streams are ended.
 *
 * @param ms at most this many milliseconds
 */
export function nextActivity(
  events: Events,
  workspaceId: string,
  ms: number,
  reader: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      unsubscribe()
      forget()
      reader.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    const unsubscribe = events.subscribe(workspaceId, (event) => {
      if (event.type === 'ACTIVITY_LOGGED' || event.type === 'AGENT_MESSAGE') done()
    })
    const forget = events.onClose(done)
    reader.addEventListener('abort', done)
  })
}
