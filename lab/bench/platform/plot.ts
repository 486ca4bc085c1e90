/** Latency and memory by number of workspaces, as an SVG in the reader's light or dark scheme. Pure. */

import type { LoadResult } from './load.ts'

const WIDTH = 760
const HEIGHT = 320
const LEFT = 56
const RIGHT = 72
const TOP = 64
const BOTTOM = 56
const STEPS = [0, 0.25, 0.5, 0.75, 1]

const STYLE = `
  svg { background: #fff; color: #1a1e27; --line: #d9dde6; --ms: #2f5bd8; --mib: #a05a00 }
  @media (prefers-color-scheme: dark) {
    svg { background: #12151b; color: #e8ebf1; --line: #343c4a; --ms: #86a6ff; --mib: #f0b35a }
  }
  text { fill: currentColor } text.ms { fill: var(--ms) } text.mib { fill: var(--mib) }
  path, polyline { fill: none; stroke: var(--line) }
  polyline { stroke: var(--ms); stroke-width: 2 } polyline.mib { stroke: var(--mib) }
`

interface Curve {
  readonly name: string
  readonly kind: 'ms' | 'mib'
  readonly value: (result: LoadResult) => number
  /** Dashes tell the curves apart without colour. */
  readonly dashes: string
}

const CURVES: readonly Curve[] = [
  { name: 'p50', kind: 'ms', value: (result) => result.p50, dashes: '2 4' },
  { name: 'p95', kind: 'ms', value: (result) => result.p95, dashes: 'none' },
  { name: 'p99', kind: 'ms', value: (result) => result.p99, dashes: '10 4' },
  { name: 'memory', kind: 'mib', value: (result) => result.memoryMib ?? 0, dashes: '10 3 2 3' },
]

/** The curves over a logarithmic axis of workspaces: latency on the left scale, memory on the right. */
export function plot(results: readonly LoadResult[]): string {
  const counts = results.map((result) => result.workspaces)
  const [least, most] = [Math.log(Math.min(...counts)), Math.log(Math.max(...counts))]
  const x = (count: number) =>
    LEFT + ((Math.log(count) - least) / (most - least || 1)) * (WIDTH - LEFT - RIGHT)
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  const top = {
    ms: scaleTop(results.map((result) => Math.max(result.p50, result.p95, result.p99))),
    mib: scaleTop(results.map((result) => result.memoryMib ?? 0)),
  }
  const line = (curve: Curve) => {
    const points = results.map(
      (result) => `${x(result.workspaces).toFixed(1)},${y(curve.value(result) / top[curve.kind]).toFixed(1)}`,
    )
    return `<polyline class="${curve.kind}" points="${points.join(' ')}" stroke-dasharray="${curve.dashes}"/>`
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" role="img" aria-label="Latency and memory by number of workspaces">`,
    `<style>${STYLE}</style>`,
    text(LEFT, 22, 'From message sent to event received, and memory, by number of workspaces', 'start', ''),
    ...legend(),
    ...STEPS.flatMap((step) => [
      `<path d="M${LEFT} ${y(step)}H${WIDTH - RIGHT}"/>`,
      text(LEFT - 8, y(step) + 4, number(step * top.ms), 'end', 'ms'),
      text(WIDTH - RIGHT + 8, y(step) + 4, number(step * top.mib), 'start', 'mib'),
    ]),
    ...counts.map((count) => text(x(count), HEIGHT - BOTTOM + 22, count.toLocaleString('en'), 'middle', '')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, 'workspaces', 'middle', ''),
    ...CURVES.map(line),
    '</svg>',
    '',
  ].join('\n')
}

function legend(): readonly string[] {
  return CURVES.flatMap((curve, place) => {
    const left = LEFT + place * 130
    const unit = curve.kind === 'ms' ? 'ms' : 'MiB'
    return [
      `<polyline class="${curve.kind}" points="${left},42 ${left + 34},42" stroke-dasharray="${curve.dashes}"/>`,
      text(left + 42, 46, `${curve.name}, ${unit}`, 'start', curve.kind),
    ]
  })
}

function text(left: number, top: number, words: string, anchor: string, kind: string): string {
  const colour = kind === '' ? '' : ` class="${kind}"`
  return `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" text-anchor="${anchor}"${colour}>${words}</text>`
}

/** A round number no smaller than any value. */
function scaleTop(values: readonly number[]): number {
  const most = Math.max(...values, 0.1)
  const unit = 10 ** Math.floor(Math.log10(most))
  return Math.ceil(most / unit) * unit
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100)
}
