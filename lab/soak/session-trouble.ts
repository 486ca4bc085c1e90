/** What befalls the sessions of one state folder: they are killed, ended, started again; their hosts stop reading. */
import { sleep } from '../../base/sleep.ts'
import type { Dice } from '../dice.ts'
import type { Home } from './home.ts'
import { type HostSession, WAYS_TO_END } from './host-session.ts'
import type { Deeds } from './run-record.ts'

const MEAN_PAUSE_MS = 600
/** Of a seat that is free again. */
const MOST_FREE_MS = 2_000
const MEAN_STALL_MS = 5_000
/** Now and then for tens of seconds, as when the host waits for the person. */
const LONG_STALL = 0.15
const MEAN_LONG_STALL_MS = 20_000
/** Of those that are killed: the host goes with the process and never reads what lies in the pipe. */
const HOST_GOES_TOO = 0.5
/** Of the ends: the host does not read at that moment, if there is such a one. */
const WHILE_STALLED = 0.6

/** Goes on until the signal aborts; then every host reads. */
export async function troubleSessions(
  home: Home,
  dice: Dice,
  deeds: Deeds,
  signal: AbortSignal,
): Promise<void> {
  const stalls = new Stalls(deeds)
  let startAt = 0
  while (!signal.aborted) {
    await sleep(dice.pause(MEAN_PAUSE_MS), signal)
    if (signal.aborted) break
    stalls.endThoseDue()
    // One seat at a time, so that folders with fewer sessions occur.
    if (performance.now() >= startAt && home.start())
      startAt = performance.now() + dice.between(0, MOST_FREE_MS)
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
    this.#times.set(session, { since: performance.now(), until: performance.now() + ms })
  }

  /** The session ends as it is, or reads on. */
  drop(session: HostSession): void {
    const since = this.#times.get(session)?.since
    if (since === undefined) return
    this.#deeds.longestStallMs = Math.max(this.#deeds.longestStallMs, performance.now() - since)
    this.#times.delete(session)
  }

  endThoseDue(): void {
    for (const [session, { until }] of this.#times) {
      if (performance.now() < until) continue
      this.drop(session)
      session.readOn()
    }
  }

  endAll(): void {
    for (const session of this.#times.keys()) {
      this.drop(session)
      session.readOn()
    }
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
  const readRest = way !== 'kill' || !dice.chance(HOST_GOES_TOO)
  stalls.drop(session)
  deeds.unreadEvents += await home.end(session, way, readRest)
  if (way === 'kill') deeds.kills++
  else if (way === 'interrupt') deeds.interrupts++
  else deeds.inputEnds++
}
