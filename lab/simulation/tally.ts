/** The outcome of many seeds, as figures that can be added up, and as a table. */
import type { Outcome, Simulation } from './outcome.ts'

type Counts = Readonly<Record<string, number>>

export interface Tally {
  readonly seeds: number
  readonly figures: Counts
  /** By kind; those of a kind that did not occur are left out. */
  readonly faults: Counts
  /** The seeds that failed. */
  readonly failures: readonly Pick<Outcome, 'seed' | 'faults'>[]
}

export const EMPTY: Tally = { seeds: 0, figures: {}, faults: {}, failures: [] }

export function tallyOf({ seed, figures, faults }: Outcome): Tally {
  const counts = Object.fromEntries(
    [...Map.groupBy(faults, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
  )
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

function added(a: Counts, b: Counts): Counts {
  const keys = Object.keys({ ...a, ...b })
  return Object.fromEntries(keys.map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]))
}

/** @param seconds how long it took. */
export function table(
  { figures: names, faultKinds }: Pick<Simulation, 'figures' | 'faultKinds'>,
  { seeds, figures, faults }: Tally,
  seconds: number,
): string {
  const lines: readonly (readonly [string, string | number])[] = [
    ['seeds', seeds],
    ...Object.entries(names).map(([key, name]) => [name, figures[key] ?? 0] as const),
    ...faultKinds.map((kind) => [kind, faults[kind] ?? 0] as const),
    ['time', `${seconds.toFixed(1)} s`],
  ]
  const value = (item: string | number): string => item.toLocaleString('en-US')
  const width = Math.max(...lines.map(([name]) => name.length))
  const right = Math.max(...lines.map(([, item]) => value(item).length))
  return lines.map(([name, item]) => `${name.padEnd(width)}  ${value(item).padStart(right)}`).join('\n')
}

/** The failures, and the command that reproduces them. */
export function explain(
  { options }: Pick<Simulation, 'options'>,
  { seed, faults }: Tally['failures'][number],
): string {
  const command = ['./molecule', 'simulate', ...options, '--seed', seed].join(' ')
  const shown = faults.slice(0, 5).map(({ kind, text }) => `  ${kind}: ${text}`)
  const more = faults.length > shown.length ? [`  and ${faults.length - shown.length} more`] : []
  return [`seed ${seed} failed; replay it with: ${command}`, ...shown, ...more].join('\n')
}
