/** The course of a run: alternating trouble and calm, and a final calm in which everything must arrive. */

import { Dice } from '../dice.ts'
import { pause } from '../driver/pause.ts'
import { until } from '../driver/until.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Home } from './home.ts'
import type { PlatformLife } from './platform-life.ts'
import { troublePlatform } from './platform-trouble.ts'
import type { RunRecord } from './run-record.ts'
import { troubleSessions } from './session-trouble.ts'
import type { Desk } from './writers.ts'

export interface CourseOptions {
  readonly platform: PlatformLife
  readonly homes: readonly Home[]
  readonly desk: Desk
  readonly record: RunRecord
  readonly minutes: number
  readonly seed: number
  readonly say: (line: string) => void
}

const FIRST_WITHIN_MS = 30_000
/** A turn is a fifth of the run: long enough for stalls of tens of seconds, short enough for many turns. */
const TURNS = 5
const MAX_TROUBLE_MS = 60_000
/** A request that hangs holds a client for 15 s. */
const CALM_WITHIN_MS = 20_000
const PROBES = 60
const PROBE_PAUSE_MS = [15, 45] as const
const SHOWN_WITHIN_MS = 10_000
/** Covers the longest wait of a client and one look at the inbox. */
const DRAIN_WITHIN_MS = 90_000
/** Attempts to send the message at the end of a backlog, under the same id if a response gets lost. */
const LAST_TRIES = 5
/** Between two calls of `status`, which itself takes time. */
const STATUS_PAUSE_MS = 100

/** Starts all sessions and sends each workspace a first message, which is where counting begins. */
export async function begin({ platform, homes, desk, record }: CourseOptions): Promise<void> {
  for (const home of homes) {
    home.start()
    await until('the first session to receive', () => home.live(), FIRST_WITHIN_MS)
    home.calmDown()
  }
  for (const { id } of platform.members) {
    const { key, accepted } = await desk.write(undefined, id, 0, 1)
    if (!accepted) throw new Error('the platform does not accept a message')
    await platform.begin(id)
    await until('the first message to be shown', () => record.shownAt.has(key), SHOWN_WITHIN_MS)
  }
}

/** Alternates trouble and calm until the time is up. */
export async function endure(options: CourseOptions): Promise<void> {
  const { record, minutes, seed, say } = options
  const started = elapsedMs()
  const totalMs = minutes * 60_000
  const leftMs = (): number => totalMs - (elapsedMs() - started)
  const actors = castOf(options)
  for (let turn = 1; leftMs() > 0; turn++) {
    const trouble = new AbortController()
    const acting = Promise.all(actors.map((act) => act(trouble.signal)))
    await Promise.race([pause(Math.min(totalMs / TURNS, MAX_TROUBLE_MS, leftMs()), trouble.signal), acting])
    trouble.abort()
    await acting
    record.troubleEndedAt = elapsedMs()
    if (leftMs() <= 0) break
    const calmedMs = await calmDown(options, Math.min(CALM_WITHIN_MS, leftMs()))
    if (calmedMs !== undefined) await probe(options, new Dice(seed, `calm ${turn}`))
    const { written, shownAt, deeds } = record
    say(
      `${inSeconds(elapsedMs() - started)}: ${written.size} written, ${shownAt.size} shown, ${deeds.kills} kills; ` +
        (calmedMs === undefined ? 'not calm in time' : `calm after ${inSeconds(calmedMs)}`),
    )
  }
}

/** Everything that acts during trouble, each with its own dice. */
function castOf({ platform, homes, desk, record, seed }: CourseOptions) {
  const platformDice = new Dice(seed, 'platform')
  return [
    ...homes.map((home, index) => {
      const dice = new Dice(seed, `sessions ${index}`)
      return (signal: AbortSignal) => troubleSessions(home, dice, record.deeds, signal)
    }),
    ...desk.writers().map((writer, index) => {
      const dice = new Dice(seed, `writer ${index}`)
      return (signal: AbortSignal) => desk.work(writer, dice, signal)
    }),
    (signal: AbortSignal) => troublePlatform(platform, platformDice, record.deeds, signal),
  ]
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/**
 * Ends the trouble and waits until the backlog is shown and event streams are open.
 *
 * @returns milliseconds until then; undefined if it took too long. Late messages have until the end of the run.
 */
async function calmDown(options: CourseOptions, withinMs: number): Promise<number | undefined> {
  const since = elapsedMs()
  await endTrouble(options)
  try {
    await arrival(options, withinMs)
    await until('event streams', async () => (await allLive(options)) || notYet(), withinMs)
    return elapsedMs() - since
  } catch {
    return undefined
  }
}

async function endTrouble({ platform, homes }: CourseOptions): Promise<void> {
  await platform.clearFaults()
  for (const home of homes) home.calmDown()
}

/** Sends the messages whose latency is measured. */
async function probe({ platform, desk, record }: CourseOptions, dice: Dice): Promise<void> {
  record.calmMoments++
  const keys: string[] = []
  for (let left = PROBES; left > 0; left--) {
    await pause(dice.between(...PROBE_PAUSE_MS))
    const at = elapsedMs()
    const { key } = await desk.write(undefined, dice.pick(platform.members).id, dice.between(0, 400), 1)
    record.probes.set(key, at)
    keys.push(key)
  }
  const shown = until('probes', () => keys.every((key) => record.shownAt.has(key)), SHOWN_WITHIN_MS)
  // A late probe shows up as late in the figures, which are calculated at the end.
  await shown.catch(() => undefined)
}

async function allLive({ homes }: CourseOptions): Promise<boolean> {
  return (await Promise.all(homes.map((home) => home.live()))).every(Boolean)
}

async function notYet(): Promise<false> {
  await pause(STATUS_PAUSE_MS)
  return false
}

/** After the trouble: writes one more message to each workspace. Once it is shown, so is everything before it. */
export async function drain(options: CourseOptions): Promise<void> {
  const { record } = options
  await endTrouble(options)
  try {
    await arrival(options, DRAIN_WITHIN_MS)
    record.drainedAfterMs = elapsedMs() - record.troubleEndedAt
  } catch (error) {
    record.unexpected.push(`the backlog did not arrive in the calm at the end: ${String(error)}`)
  }
}

/** @throws Error when a message written now to each workspace is not shown in time. */
async function arrival({ platform, desk, record }: CourseOptions, withinMs: number): Promise<void> {
  const last = await Promise.all(platform.members.map(({ id }) => desk.write(undefined, id, 0, LAST_TRIES)))
  await until('the last messages', () => last.every(({ key }) => record.shownAt.has(key)), withinMs)
}
