/** One measured line of the table, and how the table is printed. */

export interface Line {
  readonly what: string
  readonly measured: string
  /** Empty for a line that only serves as a comparison. */
  readonly budget: string
  /** Undefined without a budget. */
  readonly met?: boolean
}

/** A figure that this system does not provide. */
export function notKnown(what: string): Line {
  return { what, measured: 'not known on this system', budget: '' }
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
