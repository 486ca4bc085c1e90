/** Processor time by length of the history, as an SVG in the reader's light or dark scheme. Pure. */
import type { Cost } from './cost.ts'

const WIDTH = 760
const HEIGHT = 360
const LEFT = 64
const RIGHT = 190
const TOP = 56
const BOTTOM = 56
/** The axis of milliseconds, which is logarithmic: a cost that follows the history would climb along it. */
const LEAST_MS = 0.1
const MOST_MS = 10_000

const STYLE = `
  svg { background: #fff; color: #1a1e27; --line: #d9dde6; --plugin: #2f5bd8; --platform: #a05a00 }
  @media (prefers-color-scheme: dark) {
    svg { background: #12151b; color: #e8ebf1; --line: #343c4a; --plugin: #86a6ff; --platform: #f0b35a }
  }
  text { fill: currentColor } text.plugin { fill: var(--plugin) } text.platform { fill: var(--platform) }
  path, polyline { fill: none; stroke: var(--line) }
  polyline { stroke-width: 2; stroke: var(--plugin) } polyline.platform { stroke: var(--platform); stroke-dasharray: 8 4 }
`

export function plot(costs: readonly Cost[]): string {
  const sizes = [...new Set(costs.map(({ rows }) => rows))]
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)].map(Math.log10)
  const x = (rows: number) =>
    LEFT + ((Math.log10(rows) - (least ?? 0)) / ((most ?? 1) - (least ?? 0) || 1)) * (WIDTH - LEFT - RIGHT)
  const y = (ms: number) => {
    const bounded = Math.min(MOST_MS, Math.max(LEAST_MS, ms))
    const share = Math.log10(bounded / LEAST_MS) / Math.log10(MOST_MS / LEAST_MS)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  }
  const steps = [0.1, 1, 10, 100, 1_000, 10_000]
  const curves = [...Map.groupBy(costs, (cost) => `${cost.of}, ${cost.what}`)].map(([name, line]) => ({
    name,
    of: line[0]?.of ?? 'plugin',
    line,
    end: y(line.at(-1)?.cpuMs ?? 0),
  }))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" role="img" aria-label="Processor time by length of the history">`,
    `<style>${STYLE}</style>`,
    text(LEFT, 22, 'Milliseconds of processor time, by rows in the ledger or on the platform', 'start', ''),
    ...steps.flatMap((ms) => [
      `<path d="M${LEFT} ${y(ms).toFixed(1)}H${WIDTH - RIGHT}"/>`,
      text(LEFT - 8, y(ms) + 4, ms.toLocaleString('en'), 'end', ''),
    ]),
    ...sizes.map((rows) => text(x(rows), HEIGHT - BOTTOM + 22, rows.toLocaleString('en'), 'middle', '')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, 'rows', 'middle', ''),
    ...curves.map(({ of, line }) => {
      const points = line.map(({ rows, cpuMs }) => `${x(rows).toFixed(1)},${y(cpuMs ?? 0).toFixed(1)}`)
      return `<polyline class="${of}" points="${points.join(' ')}"/>`
    }),
    ...labels(curves),
    '</svg>',
    '',
  ].join('\n')
}

const LINE_HEIGHT = 16

/** Beside the ends of the curves, moved apart where they would lie on each other. */
function labels(
  curves: readonly { readonly name: string; readonly of: string; readonly end: number }[],
): string[] {
  let below = HEIGHT - BOTTOM + LINE_HEIGHT
  return curves
    .toSorted((a, b) => b.end - a.end)
    .map(({ name, of, end }) => {
      below = Math.min(end, below - LINE_HEIGHT)
      return text(WIDTH - RIGHT + 8, below + 4, name, 'start', of)
    })
}

function text(left: number, top: number, words: string, anchor: string, kind: string): string {
  const colour = kind === '' ? '' : ` class="${kind}"`
  return `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" text-anchor="${anchor}"${colour}>${words}</text>`
}
