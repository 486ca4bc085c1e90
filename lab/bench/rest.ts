/** A process that has nothing to do: its memory beside an empty server's, its processor time, its requests. */
import type { PluginProcess } from '../driver/plugin-process.ts'
import { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { type Line, mebibytes } from './line.ts'
import { cpuMilliseconds, proportionalBytes, residentBytes } from './process-figures.ts'
import { emptyServerScript } from './startup.ts'

const MOST_BYTES = 50 * 1024 * 1024
const MOST_CPU_SHARE = 0.001
const MOST_REQUESTS_A_MINUTE = 4
/** After this long start-up is over and its garbage collected. */
const SETTLE_MS = 10_000
/** A look at the feed comes every minute, a heartbeat twice. */
const LEAST_IDLE_MS = 65_000

interface Resting {
  /** Waits until there is enough to tell, and tells. */
  readonly lines: () => Promise<readonly Line[]>
}

/** Starts resting now, in a scene of its own; other measurements may go on meanwhile. */
export async function startResting(): Promise<Resting & AsyncDisposable> {
  const scene = await Scene.open()
  const member = scene.member()
  // The settings a person would have: the defaults.
  const { MOLECULE_POLL_INTERVAL_MS: _, ...settings } = scene.settings(member)
  const plugin = scene.process(settings)
  const empty = scene.process({}, { script: await emptyServerScript() })
  await Promise.all([plugin.connect(), empty.connect()])
  await plugin.receiving()
  await scene.person.write(member.id, 'one message, so that every part has run once')
  await until('the message', () => plugin.events.length === 1)
  await until('the event stream', async () => (await plugin.call('status')).includes('event stream open'))
  await Bun.sleep(SETTLE_MS)
  const cpuBefore = cpuMilliseconds(plugin.pid)
  const requestsBefore = scene.requests.length
  const from = performance.now()
  return {
    lines: async () => {
      await Bun.sleep(Math.max(0, LEAST_IDLE_MS - (performance.now() - from)))
      const ms = performance.now() - from
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
    if (ours === undefined || theirs === undefined)
      return { what, measured: 'not known on this system', budget: '' }
    return {
      what,
      measured: `${mebibytes(ours)} (an empty server: ${mebibytes(theirs)})`,
      budget: `<= ${mebibytes(MOST_BYTES)}`,
      met: ours <= MOST_BYTES,
    }
  })
}

function cpuLine(before: number | undefined, after: number | undefined, ms: number): Line {
  const what = `processor time at rest, over ${Math.round(ms / 1000)} s`
  if (before === undefined || after === undefined)
    return { what, measured: 'not known on this system', budget: '' }
  const share = (after - before) / ms
  return {
    what,
    measured: `${(share * 100).toFixed(2)} % of a core`,
    budget: `<= ${MOST_CPU_SHARE * 100} %`,
    met: share <= MOST_CPU_SHARE,
  }
}

function requestLine(requests: number, ms: number): Line {
  const aMinute = requests / (ms / 60_000)
  return {
    what: 'requests at rest, event stream open',
    measured: `${aMinute.toFixed(1)} a minute`,
    budget: `<= ${MOST_REQUESTS_A_MINUTE} a minute`,
    met: aMinute <= MOST_REQUESTS_A_MINUTE,
  }
}
