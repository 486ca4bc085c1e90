/** Spawn -> `initialize` answered, beside an empty server, in turns so that a busy machine hits all alike. */

import { bundleProgram } from '../../scripts/build.ts'
import { keepScript } from '../driver/bundle.ts'
import { pluginCommand, pluginEnvironment } from '../driver/host.ts'
import type { Scene } from '../driver/scene.ts'
import { startHangingPlatform } from './hanging-platform.ts'
import { type Line, median, spread } from './line.ts'

const ROUNDS = 40
const MOST_TIMES_EMPTY = 1.25

const INITIALIZE = `${JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  },
})}\n`

interface Candidate {
  readonly what: string
  readonly script: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly samples: number[]
}

export async function emptyServerScript(): Promise<string> {
  return keepScript('empty-server', await bundleProgram('lab/bench/empty-server.ts'))
}

export async function measureStartup(scene: Scene, script: string): Promise<readonly Line[]> {
  using hanging = startHangingPlatform()
  const settings = scene.settings(scene.member())
  const empty: Candidate = {
    what: 'an empty server',
    script: await emptyServerScript(),
    env: {},
    samples: [],
  }
  const ours: readonly Candidate[] = [
    { what: 'the plugin', script, env: settings, samples: [] },
    {
      what: 'the plugin, platform hanging',
      script,
      env: { ...settings, MOLECULE_PLATFORM_URL: hanging.url },
      samples: [],
    },
    {
      what: 'the plugin, not configured',
      script,
      env: { MOLECULE_STATE_DIR: scene.path('unconfigured') },
      samples: [],
    },
  ]
  for (let round = 0; round <= ROUNDS; round++) {
    for (const candidate of [empty, ...ours]) {
      const ms = await timeToInitialize(candidate)
      // The first of each only warms the caches of the disk.
      if (round > 0) candidate.samples.push(ms)
    }
  }
  const base = median(empty.samples)
  return [
    {
      what: 'spawn to initialize, an empty server on the same SDK',
      measured: spread(empty.samples),
      budget: '',
    },
    ...ours.map(({ what, samples }): Line => {
      const times = median(samples) / base
      return {
        what: `spawn to initialize, ${what}`,
        measured: `${spread(samples)} (${times.toFixed(2)} x empty)`,
        budget: `<= ${MOST_TIMES_EMPTY} x empty`,
        met: times <= MOST_TIMES_EMPTY,
      }
    }),
  ]
}

async function timeToInitialize({ script, env }: Candidate): Promise<number> {
  const { command, args } = pluginCommand(script)
  const from = performance.now()
  const child = Bun.spawn([command, ...args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    env: pluginEnvironment(env),
  })
  child.stdin.write(INITIALIZE)
  child.stdin.flush()
  const { value } = await child.stdout.getReader().read()
  const ms = performance.now() - from
  if (!new TextDecoder().decode(value).includes('"protocolVersion"'))
    throw new Error('no answer to initialize')
  child.kill('SIGKILL')
  await child.exited
  return ms
}
