/** The outcome of many seeds, as figures that can be added up, and as a table. */
import { FAULT_KINDS, type Fault } from './check.ts'
import { FIGURES, type Outcome } from './seed.ts'

export interface Tally {
  readonly seeds: number
  readonly figures: Outcome['figures']
  readonly faults: Readonly<Record<Fault['kind'], number>>
  /** The seeds that failed. */
  readonly failures: readonly Pick<Outcome, 'seed' | 'faults'>[]
}

const zeros = <K extends string>(keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>

export const EMPTY: Tally = { seeds: 0, figures: zeros(FIGURES), faults: zeros(FAULT_KINDS), failures: [] }

export function tallyOf({ seed, figures, faults }: Outcome): Tally {
  const counts = zeros(FAULT_KINDS)
  for (const { kind } of faults) counts[kind]++
  return { seeds: 1, figures, faults: counts, failures: faults.length === 0 ? [] : [{ seed, faults }] }
}

export function sum(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    figures: added(a.figures, b.figures),
    faults: added(a.faults, b.faults),
    failures: [...a.failures, ...b.failures].toSorted((x, y) => x.seed - y.seed),
  }
}

function added<K extends string>(
  a: Readonly<Record<K, number>>,
  b: Readonly<Record<K, number>>,
): Record<K, number> {
  const keys = Object.keys(a) as K[]
  return Object.fromEntries(keys.map((key) => [key, a[key] + b[key]])) as Record<K, number>
}

/** @param seconds how long it took. */
export function table({ seeds, figures, faults }: Tally, seconds: number): string {
  const lines: readonly (readonly [string, string | number])[] = [
    ['seeds', seeds],
    ['messages', figures.messages],
    ['shown', figures.shown],
    ['marked repeats', figures.repeats],
    ['receipts', figures.receipts],
    ['digests', figures.digests],
    ['tasks', figures.tasks],
    ['verdicts', figures.verdicts],
    ['heartbeats', figures.heartbeats],
    ['sessions', figures.sessions],
    ['crashes', figures.crashes],
    ['power cuts', figures.powerCuts],
    ['torn writes', figures.tornWrites],
    ['disk failures', figures.diskFailures],
    ['writes that met another', figures.busyWrites],
    ['claims', figures.claims],
    ['suspensions', figures.suspensions],
    ['hours of sleep', figures.hours],
    ['revoked tokens', figures.revocations],
    ['platform clocks set', figures.clocksSet],
    ['platforms restored', figures.restores],
    ['state folders restored', figures.foldersRestored],
    ['own clocks set', figures.skews],
    ['long histories', figures.histories],
    ['deaf first starts', figures.deafStarts],
    ...FAULT_KINDS.map((kind) => [kind, faults[kind]] as const),
    ['time', `${seconds.toFixed(1)} s`],
  ]
  const value = (item: string | number): string => item.toLocaleString('en-US')
  const width = Math.max(...lines.map(([name]) => name.length))
  const right = Math.max(...lines.map(([, item]) => value(item).length))
  return lines.map(([name, item]) => `${name.padEnd(width)}  ${value(item).padStart(right)}`).join('\n')
}

/** The failures, and the command that reproduces them. */
export function explain({ seed, faults }: Tally['failures'][number]): string {
  const shown = faults.slice(0, 5).map(({ kind, text }) => `  ${kind}: ${text}`)
  const more = faults.length > shown.length ? [`  and ${faults.length - shown.length} more`] : []
  return [`seed ${seed} failed; replay it with: ./molecule simulate --seed ${seed}`, ...shown, ...more].join(
    '\n',
  )
}
