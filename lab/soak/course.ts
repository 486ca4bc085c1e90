/** The course of a run: trouble and calm by turns, and at the end a calm in which everything has to arrive. */

import { sleep } from '../../base/sleep.ts'
import { Dice } from '../dice.ts'
import { until } from '../driver/until.ts'
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
/** A fifth of the run, but long enough for stalls of tens of seconds, and no longer than it takes to have many turns. */
const MOST_TROUBLE_MS = 60_000
const TURNS = 5
/** Requests that hang hold a client for 15 s. */
const CALM_WITHIN_MS = 20_000
const PROBES = 60
const PROBE_PAUSE_MS = [15, 45] as const
const SHOWN_WITHIN_MS = 10_000
/** For everything to arrive at the end: what limits it is the longest wait of a client, and one look at the feed. */
const DRAIN_WITHIN_MS = 90_000
/** Of the message that waits at the end of a backlog; the same one, should its answer get lost. */
const LAST_TRIES = 5

/** Starts all sessions and sends each workspace its first message, so that it is known where to count from. */
export async function begin({ platform, homes, desk, record }: CourseOptions): Promise<void> {
  for (const home of homes) {
    home.start()
    await until('the first session to receive', () => home.live(), FIRST_WITHIN_MS)
    home.calmDown()
  }
  for (const { id } of platform.members) {
    const { key, accepted } = await desk.write(undefined, id, 0, 1)
    if (!accepted) throw new Error('the platform does not take a message')
    await platform.begin(id)
    await until('the first message to be shown', () => record.shownAt.has(key), SHOWN_WITHIN_MS)
  }
}

/** Trouble and calm by turns, until the time is over. */
export async function endure(options: CourseOptions): Promise<void> {
  const { platform, homes, desk, record, minutes, seed, say } = options
  const started = performance.now()
  const totalMs = minutes * 60_000
  const leftMs = (): number => totalMs - (performance.now() - started)
  const platformDice = new Dice(seed, 'platform')
  const actors = [
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
  for (let turn = 1; leftMs() > 0; turn++) {
    const trouble = new AbortController()
    const acting = Promise.all(actors.map((act) => act(trouble.signal)))
    await Promise.race([sleep(Math.min(totalMs / TURNS, MOST_TROUBLE_MS, leftMs())), acting])
    trouble.abort()
    await acting
    record.troubleEndedAt = performance.now()
    if (leftMs() <= 0) break
    const calmedMs = await calmDown(options, Math.min(CALM_WITHIN_MS, leftMs()))
    if (calmedMs !== undefined) await probe(options, new Dice(seed, `calm ${turn}`))
    const { written, shownAt, deeds } = record
    say(
      `${inSeconds(performance.now() - started)}: ${written.size} written, ${shownAt.size} shown, ${deeds.kills} kills; ` +
        (calmedMs === undefined ? 'not calm in time' : `calm after ${inSeconds(calmedMs)}`),
    )
  }
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/**
 * Ends the trouble and waits until the backlog is shown and event streams are open.
 *
 * @returns milliseconds until then; undefined when it took too long. What is missing has until the end of the run.
 */
async function calmDown(
  { platform, homes, desk, record }: CourseOptions,
  withinMs: number,
): Promise<number | undefined> {
  const since = performance.now()
  await platform.clearFaults()
  for (const home of homes) home.calmDown()
  try {
    await arrival(platform, desk, record, withinMs)
    await until('event streams', async () => (await live(homes)) || pause(), withinMs)
    return performance.now() - since
  } catch {
    return undefined
  }
}

/** Sends the messages whose time is measured. */
async function probe({ platform, desk, record }: CourseOptions, dice: Dice): Promise<void> {
  record.calmMoments++
  const keys: string[] = []
  for (let left = PROBES; left > 0; left--) {
    await Bun.sleep(dice.between(...PROBE_PAUSE_MS))
    const at = performance.now()
    const { key } = await desk.write(undefined, dice.pick(platform.members).id, dice.between(0, 400), 1)
    record.probes.set(key, at)
    keys.push(key)
  }
  const shown = until('probes', () => keys.every((key) => record.shownAt.has(key)), SHOWN_WITHIN_MS)
  // One that is late is late in the figures too, which are made at the end.
  await shown.catch(() => undefined)
}

async function live(homes: readonly Home[]): Promise<boolean> {
  return (await Promise.all(homes.map((home) => home.live()))).every(Boolean)
}

/** Between two questions for the status: asking without a pause would be work of its own. */
async function pause(): Promise<false> {
  await Bun.sleep(100)
  return false
}

/** The trouble is over: writes one more message to each workspace; when it is shown, all before it were. */
export async function drain({ platform, homes, desk, record }: CourseOptions): Promise<void> {
  await platform.clearFaults()
  for (const home of homes) home.calmDown()
  try {
    await arrival(platform, desk, record, DRAIN_WITHIN_MS)
    record.drainedAfterMs = performance.now() - record.troubleEndedAt
  } catch (error) {
    record.unexpected.push(`what was written did not arrive in the calm at the end: ${String(error)}`)
  }
}

/** @throws when a message that is written now to each workspace is not shown in time. */
async function arrival(
  platform: PlatformLife,
  desk: Desk,
  record: RunRecord,
  withinMs: number,
): Promise<void> {
  const last = await Promise.all(platform.members.map(({ id }) => desk.write(undefined, id, 0, LAST_TRIES)))
  await until('the last messages', () => last.every(({ key }) => record.shownAt.has(key)), withinMs)
}
