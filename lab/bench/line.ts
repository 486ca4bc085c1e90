/** One measured line of the table, and how the table is written. */

export interface Line {
  readonly what: string
  readonly measured: string
  /** Empty where there is none: the line is there to compare with. */
  readonly budget: string
  /** Undefined where there is no budget. */
  readonly met?: boolean
}

/** The value below which this share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** `median 12.3 ms, p95 15.0 ms`. */
export function spread(samples: readonly number[]): string {
  return `median ${milliseconds(median(samples))}, p95 ${milliseconds(quantile(samples, 0.95))}`
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

/** A Markdown table. */
export function renderTable(lines: readonly Line[]): string {
  const rows = lines.map(({ what, measured, budget, met }) => [
    what,
    measured,
    budget,
    met === undefined ? '' : met ? 'met' : '**missed**',
  ])
  return [['What', 'Measured', 'Budget', ''], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
