/**
 * What befalls the platform: it is killed, restarted, and answers what a hosted one answers on a bad day.
 *
 * Not played, because then the platform itself breaks what is counted here: rows stored after they were answered,
 * dated back, or without their text; nor rows that share one time, which is what the loop guard counts by. An event
 * stream is never refused for good either: the plugin would poll for five minutes, as it promises, and calm moments
 * would tell nothing of the stream.
 */

import { sleep } from '../../base/sleep.ts'
import type { FaultChange } from '../../platform/contract/faults.ts'
import type { Dice } from '../dice.ts'
import type { PlatformLife } from './platform-life.ts'
import type { Deeds } from './run-record.ts'

type Answer = NonNullable<FaultChange['answers']>[number]
type Kind = Answer['kind']

const MEAN_PAUSE_MS = 1_800
const MOST_DOWN_MS = 3_000
/** Answers that mean: later. */
const PASSING: readonly Kind[] = ['error_500', 'datastore_503', 'rate_limited', 'cut', 'slow', 'slow', 'hang']
/** Answers with which a client can do nothing. */
const NONSENSE: readonly Kind[] = ['html', 'half_json', 'empty_404', 'empty_403', 'redirect', 'unauthorized']

/** The paths a fault may lie on, and what may lie there. */
const PLACES: readonly { readonly path: string; readonly kinds: readonly Kind[] }[] = [
  { path: '/activity', kinds: [...PASSING, ...NONSENSE, 'cursor_gone', 'cursor_gone', 'null_rows', 'huge'] },
  { path: '/registry/', kinds: [...PASSING, ...NONSENSE] },
  { path: '/events/stream', kinds: PASSING.filter((kind) => kind !== 'cut') },
  { path: '/a2a', kinds: [...PASSING, ...NONSENSE] },
  { path: '/workspaces/', kinds: PASSING },
]

/** Goes on until the signal aborts. The platform runs then; switches that were turned stay so. */
export async function troublePlatform(
  platform: PlatformLife,
  dice: Dice,
  deeds: Deeds,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(dice.pause(MEAN_PAUSE_MS), signal)
    if (signal.aborted) return
    const what = dice.between(1, 100)
    if (what <= 10) {
      deeds.platformKills++
      await platform.restart('kill', dice.between(0, MOST_DOWN_MS))
    } else if (what <= 18) {
      deeds.platformStops++
      await platform.restart('stop', dice.between(0, MOST_DOWN_MS))
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
  // A request that hangs holds its client for its whole time limit, and 12 MB are read to their end: once is enough.
  const times = kind === 'hang' || kind === 'huge' || kind === 'unauthorized' ? 1 : dice.between(1, 6)
  return { kind, path, times, ms: dice.between(50, 3_000), seconds: dice.between(1, 3) }
}
