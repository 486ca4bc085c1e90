/** Draws the pictures of the demo in the README from its current output. */
import { fileURLToPath } from 'node:url'

const LINE = 20
const PADDING = 24
const WIDTH = 860
const PICTURES = [
  {
    file: 'demo.svg',
    options: [],
    label: 'a person asks an agent, the agent asks another, and the answer appears in the chat',
  },
  {
    file: 'demo-team.svg',
    options: ['--team'],
    label: 'a session gives work to two runners, and its answer appears in the chat',
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))
for (const { file, options, label } of PICTURES) {
  const run = Bun.spawnSync([process.execPath, 'lab/demo/main.ts', ...options], {
    cwd: root,
    stderr: 'inherit',
  })
  if (!run.success) throw new Error(`the demo failed; ${file} is unchanged`)
  const command = ['$ ./molecule demo', ...options].join(' ')
  const lines = [command, '', ...run.stdout.toString().trimEnd().split('\n')]
  await Bun.write(`${root}/docs/${file}`, draw(lines, label))
}

function draw(text: readonly string[], label: string): string {
  const height = PADDING * 2 + LINE * text.length
  const rows = text.map((line, index) => row(line, PADDING + LINE * (index + 0.75)))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The demo's output: ${label}">
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="#e6edf3" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`
}

/** A step is a mark, who, what, perhaps a quotation, and a time. */
function row(line: string, y: number): string {
  const [, mark, who, what, quote = '', time] =
    /^([✓✗]) (\S+) +(.*?)( {2}“.*”)? {2}([\d.]+ m?s)$/u.exec(line) ?? []
  if (mark === undefined || who === undefined || what === undefined || time === undefined) {
    return `<text x="${PADDING}" y="${y}" fill="${line.startsWith('$') ? '#79c0ff' : '#e6edf3'}">${escapeXml(line)}</text>`
  }
  const colour = mark === '✓' ? '#3fb950' : '#f85149'
  return [
    `<text y="${y}"><tspan x="${PADDING}" fill="${colour}">${mark}</tspan>`,
    `<tspan x="${PADDING + 20}" fill="#d2a8ff">${escapeXml(who)}</tspan>`,
    `<tspan x="${PADDING + 108}">${escapeXml(what)}</tspan>`,
    `<tspan fill="#8b949e">${escapeXml(quote)}</tspan>`,
    `<tspan x="${WIDTH - PADDING}" text-anchor="end" fill="#79c0ff">${time}</tspan></text>`,
  ].join('')
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
