/**
 * What happens to the platform: it is killed, restarted, and answers as a hosted one does on a bad day.
 *
 * Excludes everything that makes the platform itself break the promise: rows stored after their answer, backdated, or
 * without their text; and rows with the same timestamp, by which the loop guard counts. No event stream is refused for
 * good either: the plugin would then poll for five minutes, and calm moments would say nothing about streams.
 */

import type { FaultChange } from '../../platform/contract/faults.ts'
import type { Dice } from '../dice.ts'
import { pause } from '../driver/pause.ts'
import type { PlatformLife } from './platform-life.ts'
import type { Deeds } from './run-record.ts'

type Answer = NonNullable<FaultChange['answers']>[number]
type Kind = Answer['kind']

const MEAN_PAUSE_MS = 1_800
const MAX_DOWN_MS = 3_000
/** Answers that mean: try again later. */
const PASSING: readonly Kind[] = ['error_500', 'datastore_503', 'rate_limited', 'cut', 'slow', 'slow', 'hang']
/** Answers that a client can do nothing with. */
const NONSENSE: readonly Kind[] = ['html', 'half_json', 'empty_404', 'empty_403', 'redirect', 'unauthorized']

/** Which paths fail, and how. */
const PLACES: readonly { readonly path: string; readonly kinds: readonly Kind[] }[] = [
  { path: '/activity', kinds: [...PASSING, ...NONSENSE, 'cursor_gone', 'cursor_gone', 'null_rows', 'huge'] },
  { path: '/registry/', kinds: [...PASSING, ...NONSENSE] },
  { path: '/events/stream', kinds: PASSING.filter((kind) => kind !== 'cut') },
  { path: '/a2a', kinds: [...PASSING, ...NONSENSE] },
  { path: '/workspaces/', kinds: PASSING },
]

/** Continues until the signal aborts. Then the platform runs, with any faults that are switched on. */
export async function troublePlatform(
  platform: PlatformLife,
  dice: Dice,
  deeds: Deeds,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(dice.pause(MEAN_PAUSE_MS), signal)
    if (signal.aborted) return
    const what = dice.between(1, 100)
    if (what <= 10) {
      deeds.platformKills++
      await platform.restart('kill', dice.between(0, MAX_DOWN_MS))
    } else if (what <= 18) {
      deeds.platformStops++
      await platform.restart('stop', dice.between(0, MAX_DOWN_MS))
    } else if (what <= 30) {
      deeds.closedStreams++
      await platform.closeStreams()
    } else if (what <= 45) {
      await platform.clearFaults()
    } else {
      deeds.faults++
      await platform.setFaults(what <= 60 ? eventFaults(dice) : { answers: [answer(dice)] })
    }
  }
}

function eventFaults(dice: Dice): FaultChange {
  return {
    sse_drop: dice.chance(0.5) ? dice.between(1, 20) : 0,
    sse_duplicate: dice.chance(0.5),
    heartbeat_blackout: dice.chance(0.2),
    register_no_echo: dice.chance(0.2),
  }
}

function answer(dice: Dice): Answer {
  const { path, kinds } = dice.pick(PLACES)
  const kind = dice.pick(kinds)
  // A hanging request holds its client for the whole time limit, and a huge one sends 12 MB: once is enough.
  const times = kind === 'hang' || kind === 'huge' || kind === 'unauthorized' ? 1 : dice.between(1, 6)
  return { kind, path, times, ms: dice.between(50, 3_000), seconds: dice.between(1, 3) }
}
