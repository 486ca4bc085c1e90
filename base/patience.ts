/**
 * Waits for another process that writes to the same database. SQLite's own waiting (`busy_timeout`) would hold the event
 * loop; this tries again after a pause, and everything else continues meanwhile.
 */
import type { Clock } from './clock.ts'
import { sleep } from './sleep.ts'
import { isBusy } from './sqlite.ts'

const FIRST_PAUSE_MS = 2
const MAX_PAUSE_MS = 50
/** A process that writes for longer is stopped, or hangs. */
export const PATIENCE_MS = 10_000

/** Another process has kept the database to itself for {@link PATIENCE_MS}. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy'
  readonly code = 'SQLITE_BUSY'

  constructor() {
    super(
      `another process has been writing to the ledger for ${PATIENCE_MS / 1000} s. If it is a stopped session (Ctrl-Z), continue or end it`,
    )
  }
}

/** How long to wait before the next try, with jitter: sessions that start together would keep meeting. */
export function busyPauseMs(tries: number, random: () => number): number {
  return Math.ceil((0.5 + 0.5 * random()) * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 10)))
}

/**
 * Does a synchronous piece of work on a database, at once if possible. It is done again from its beginning, so it writes
 * in one transaction or can be repeated.
 *
 * @param signal ends the waiting.
 * @throws what `work` throws; DatabaseBusy when it could not be done in ten seconds; the reason of the signal.
 */
export async function patiently<T>(
  work: () => T,
  clock: Pick<Clock, 'after' | 'random'>,
  signal?: AbortSignal,
): Promise<T> {
  let waited = 0
  for (let tries = 0; ; tries++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    if (waited >= PATIENCE_MS) throw new DatabaseBusy()
    const pause = busyPauseMs(tries, clock.random)
    waited += pause
    await sleep(pause, signal, clock)
    signal?.throwIfAborted()
  }
}
