/** What happens to the sessions of one state folder: they are killed, ended, started again; their hosts stop reading. */

import type { Dice } from '../dice.ts'
import { pause } from '../driver/pause.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Home } from './home.ts'
import { type HostSession, WAYS_TO_END } from './host-session.ts'
import type { Deeds } from './run-record.ts'

const MEAN_PAUSE_MS = 600
/** How long a seat stays free. */
const MAX_FREE_MS = 2_000
const MEAN_STALL_MS = 5_000
/** Now and then a stall lasts tens of seconds, as when the host waits for the person. */
const LONG_STALL = 0.15
const MEAN_LONG_STALL_MS = 20_000
/** Share of kills in which the host dies too, and never reads what is in the pipe. */
const HOST_DIES_TOO = 0.5
/** Share of ends for which a stalled session is chosen, if there is one. */
const WHILE_STALLED = 0.6

/** Continues until the signal aborts; then every host reads. */
export async function troubleSessions(
  home: Home,
  dice: Dice,
  deeds: Deeds,
  signal: AbortSignal,
): Promise<void> {
  const stalls = new Stalls(deeds)
  let startAt = 0
  while (!signal.aborted) {
    await pause(dice.pause(MEAN_PAUSE_MS), signal)
    if (signal.aborted) break
    stalls.endDue()
    // One seat at a time, so that at times the folder has fewer sessions.
    if (elapsedMs() >= startAt && home.start()) startAt = elapsedMs() + dice.between(0, MAX_FREE_MS)
    if (dice.chance(0.35)) stall(home, dice, stalls)
    else if (dice.chance(0.6)) await end(home, dice, deeds, stalls)
  }
  stalls.endAll()
}

/** The hosts that do not read now, and until when. */
class Stalls {
  readonly #deeds: Deeds
  readonly #times = new Map<HostSession, { readonly since: number; readonly until: number }>()

  constructor(deeds: Deeds) {
    this.#deeds = deeds
  }

  begin(session: HostSession, ms: number): void {
    session.stall()
    this.#deeds.stalls++
    this.#times.set(session, { since: elapsedMs(), until: elapsedMs() + ms })
  }

  /** Counts the stall as over. */
  drop(session: HostSession): void {
    const since = this.#times.get(session)?.since
    if (since === undefined) return
    this.#deeds.longestStallMs = Math.max(this.#deeds.longestStallMs, elapsedMs() - since)
    this.#times.delete(session)
  }

  endDue(): void {
    for (const [session, { until }] of this.#times) if (elapsedMs() >= until) this.#end(session)
  }

  endAll(): void {
    for (const session of this.#times.keys()) this.#end(session)
  }

  #end(session: HostSession): void {
    this.drop(session)
    session.readOn()
  }
}

function stall(home: Home, dice: Dice, stalls: Stalls): void {
  const session = home.reading()
  const ms = dice.pause(dice.chance(LONG_STALL) ? MEAN_LONG_STALL_MS : MEAN_STALL_MS)
  if (session !== undefined) stalls.begin(session, ms)
}

async function end(home: Home, dice: Dice, deeds: Deeds, stalls: Stalls): Promise<void> {
  const session = home.mortal(dice.chance(WHILE_STALLED))
  if (session === undefined) return
  const way = dice.chance(0.6) ? 'kill' : dice.pick(WAYS_TO_END)
  const readRest = way !== 'kill' || !dice.chance(HOST_DIES_TOO)
  stalls.drop(session)
  deeds.unreadEvents += await home.end(session, way, readRest)
  if (way === 'kill') deeds.kills++
  else if (way === 'interrupt') deeds.interrupts++
  else deeds.inputEnds++
}
