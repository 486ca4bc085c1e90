/**
 * From spawn to the answer to `initialize`, beside an empty server: in turns, so that a busy machine slows all alike. The
 * plugin is started as its manifest says, with the committed bundle.
 */
import { bundleProgram } from '../../scripts/bundle.ts'
import { keepScript } from '../driver/bundle.ts'
import { startHangingPlatform } from '../driver/hanging-platform.ts'
import { PluginProcess } from '../driver/plugin-process.ts'
import type { Scene } from '../driver/scene.ts'
import { median, spread } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const ROUNDS = 40
const MAX_RATIO = 1.25

interface Candidate {
  readonly what: string
  /** Undefined: what the manifest names. */
  readonly script: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly samples: number[]
}

export async function emptyServerScript(): Promise<string> {
  return keepScript('empty-server', await bundleProgram('lab/bench/empty-server.ts'))
}

export async function measureStartup(scene: Scene): Promise<readonly Line[]> {
  using hanging = startHangingPlatform()
  const settings = scene.settings(scene.member())
  const empty: Candidate = {
    what: 'an empty server on the same SDK',
    script: await emptyServerScript(),
    env: {},
    samples: [],
  }
  const candidate = (what: string, env: Readonly<Record<string, string>>): Candidate => {
    return { what, script: undefined, env, samples: [] }
  }
  const ours = [
    candidate('the plugin', settings),
    candidate('the plugin, platform hanging', { ...settings, MOLECULE_PLATFORM_URL: hanging.url }),
    candidate('the plugin, not configured', { MOLECULE_STATE_DIR: scene.path('unconfigured') }),
  ]
  for (let round = 0; round <= ROUNDS; round++) {
    for (const candidate of [empty, ...ours]) {
      const ms = await timeToInitialize(candidate)
      // The first round only warms the disk caches.
      if (round > 0) candidate.samples.push(ms)
    }
  }
  const base = median(empty.samples)
  return [
    { what: `spawn to initialize, ${empty.what}`, measured: spread(empty.samples), budget: '' },
    ...ours.map(({ what, samples }): Line => {
      const ratio = median(samples) / base
      return {
        what: `spawn to initialize, ${what}`,
        measured: `${spread(samples)} (${ratio.toFixed(2)} x empty)`,
        budget: `<= ${MAX_RATIO} x empty`,
        met: ratio <= MAX_RATIO,
      }
    }),
  ]
}

async function timeToInitialize({ script, env }: Candidate): Promise<number> {
  const { promise: answered, resolve: onMessage } = Promise.withResolvers<unknown>()
  const from = elapsedMs()
  await using plugin = new PluginProcess({ env, onMessage, ...(script === undefined ? {} : { script }) })
  const answer = plugin.initialize('bench')
  await answered
  const ms = elapsedMs() - from
  if ((await answer).error !== undefined) throw new Error('initialize was refused')
  return ms
}
