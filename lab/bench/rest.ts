/** An idle process: its memory beside an empty server's, its processor time, its requests. */
import { pause } from '../driver/pause.ts'
import type { PluginProcess } from '../driver/plugin-process.ts'
import { cpuMilliseconds, proportionalBytes, residentBytes } from '../driver/process-figures.ts'
import { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { mebibytes } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import { type Line, notKnown } from './line.ts'
import { emptyServerScript } from './startup.ts'

const MAX_BYTES = 50 * 1024 * 1024
const MAX_CPU_SHARE = 0.001
const MAX_REQUESTS_A_MINUTE = 4
/** By then start-up is over and its garbage collected. */
const SETTLE_MS = 10_000
/** Covers one look at the inbox, which comes every minute, and two heartbeats. */
const MIN_IDLE_MS = 65_000

interface Resting {
  /** Waits until there is enough to measure. */
  readonly lines: () => Promise<readonly Line[]>
}

/** Starts a process that idles in a scene of its own, while other measurements go on. */
export async function startResting(): Promise<Resting & AsyncDisposable> {
  const scene = await Scene.open()
  const member = scene.member()
  // A person's settings: the defaults.
  const { MOLECULE_POLL_INTERVAL_MS: _, ...settings } = scene.settings(member)
  const plugin = scene.process(settings)
  const empty = scene.process({}, { script: await emptyServerScript() })
  await Promise.all([plugin.connect(), empty.connect()])
  await plugin.receiving()
  await scene.person.write(member.id, 'one message, so that every part has run once')
  await until('the message', () => plugin.events.length === 1)
  await until('the event stream', async () => (await plugin.call('status')).includes('event stream open'))
  await pause(SETTLE_MS)
  const cpuBefore = cpuMilliseconds(plugin.pid)
  const requestsBefore = scene.requests.length
  const from = elapsedMs()
  return {
    lines: async () => {
      await pause(Math.max(0, MIN_IDLE_MS - (elapsedMs() - from)))
      const ms = elapsedMs() - from
      return [
        ...memoryLines(plugin, empty),
        cpuLine(cpuBefore, cpuMilliseconds(plugin.pid), ms),
        requestLine(scene.requests.length - requestsBefore, ms),
      ]
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  }
}

function memoryLines(plugin: PluginProcess, empty: PluginProcess): readonly Line[] {
  return [
    { what: 'memory at rest (RSS)', read: residentBytes },
    { what: 'memory at rest, shared pages divided (PSS)', read: proportionalBytes },
  ].map(({ what, read }) => {
    const [ours, theirs] = [read(plugin.pid), read(empty.pid)]
    if (ours === undefined || theirs === undefined) return notKnown(what)
    return {
      what,
      measured: `${mebibytes(ours)} (an empty server: ${mebibytes(theirs)})`,
      budget: `<= ${mebibytes(MAX_BYTES)}`,
      met: ours <= MAX_BYTES,
    }
  })
}

function cpuLine(before: number | undefined, after: number | undefined, ms: number): Line {
  const what = `processor time at rest, over ${Math.round(ms / 1000)} s`
  if (before === undefined || after === undefined) return notKnown(what)
  const share = (after - before) / ms
  return {
    what,
    measured: `${(share * 100).toFixed(2)} % of a core`,
    budget: `<= ${MAX_CPU_SHARE * 100} %`,
    met: share <= MAX_CPU_SHARE,
  }
}

function requestLine(requests: number, ms: number): Line {
  const perMinute = requests / (ms / 60_000)
  return {
    what: 'requests at rest, event stream open',
    measured: `${perMinute.toFixed(1)} a minute`,
    budget: `<= ${MAX_REQUESTS_A_MINUTE} a minute`,
    met: perMinute <= MAX_REQUESTS_A_MINUTE,
  }
}
