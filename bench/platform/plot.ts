// How latency and memory grow with the number of workspaces, as an SVG. Pure.

import type { LoadResult } from './load.ts'

const WIDTH = 760
const HEIGHT = 300
const LEFT = 60
const RIGHT = 60
const TOP = 50
const BOTTOM = 50

/** Both curves over a logarithmic axis of workspaces: latency in blue on the left, memory in orange on the right. */
export function plot(results: readonly LoadResult[]): string {
  const counts = results.map((result) => result.workspaces)
  const [least, most] = [Math.log(Math.min(...counts)), Math.log(Math.max(...counts))]
  const x = (count: number) =>
    LEFT + ((Math.log(count) - least) / (most - least || 1)) * (WIDTH - LEFT - RIGHT)
  const latencyTop = roundUp(Math.max(...results.map((result) => result.p99)))
  const memoryTop = roundUp(Math.max(...results.map((result) => result.memoryMib ?? 0)))
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  const curve = (value: (result: LoadResult) => number, top: number, style: string) => {
    const points = results.map(
      (result) => `${x(result.workspaces).toFixed(1)},${y(value(result) / top).toFixed(1)}`,
    )
    return `<polyline points="${points.join(' ')}" fill="none" ${style}/>`
  }
  const text = (left: number, top: number, words: string, extra = '') =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${extra}>${words}</text>`
  const steps = [0, 0.25, 0.5, 0.75, 1]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      LEFT,
      20,
      'Message sent to event received, and memory, by number of workspaces',
      'font-weight="bold"',
    ),
    text(LEFT, 38, 'blue: p50, p95 (bold), p99 in ms', 'fill="#2f5bd8"'),
    text(WIDTH - RIGHT, 38, 'orange: resident memory in MiB', 'fill="#b35c00" text-anchor="end"'),
    ...steps.map((step) => `<path d="M${LEFT} ${y(step)}H${WIDTH - RIGHT}" stroke="#ddd"/>`),
    ...steps.map((step) =>
      text(LEFT - 8, y(step) + 4, number(step * latencyTop), 'text-anchor="end" fill="#2f5bd8"'),
    ),
    ...steps.map((step) => text(WIDTH - RIGHT + 8, y(step) + 4, number(step * memoryTop), 'fill="#b35c00"')),
    ...counts.map((count) => text(x(count), HEIGHT - BOTTOM + 20, String(count), 'text-anchor="middle"')),
    curve((result) => result.p50, latencyTop, 'stroke="#2f5bd8" stroke-width="2" stroke-dasharray="3 3"'),
    curve((result) => result.p95, latencyTop, 'stroke="#2f5bd8" stroke-width="3"'),
    curve((result) => result.p99, latencyTop, 'stroke="#2f5bd8" stroke-width="2" stroke-dasharray="8 3"'),
    curve((result) => result.memoryMib ?? 0, memoryTop, 'stroke="#b35c00" stroke-width="2"'),
    '</svg>',
    '',
  ].join('\n')
}

function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 0.1)))
  return Math.ceil(value / unit) * unit
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100)
}
