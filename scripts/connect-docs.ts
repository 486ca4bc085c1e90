/** The tables of docs/connect.md, made from those of the command line. A test compares them. */
import { COMMANDS, FLAGS, type Flag, usageOf } from '../runner/flags.ts'

/** The document with its tables filled in anew. Pure. */
export function withTables(document: string): string {
  const commands = COMMANDS.map(({ name, operands, help }) => `| \`${name} ${operands}\` | ${help} |`)
  const flags = FLAGS.map((flag: Flag) => `| ${names(flag)} | ${flag.help}${overrides(flag)} |`)
  const filled = fill(document, 'commands', ['| Command | What it does |', '|---|---|', ...commands])
  return fill(filled, 'options', ['| Option | Meaning |', '|---|---|', ...flags])
}

function names(flag: Flag): string {
  return [`\`${usageOf(flag)}\``, ...(flag.aliases ?? []).map((alias) => `\`--${alias}\``)].join(', ')
}

function overrides({ setting }: Flag): string {
  return setting === undefined ? '' : `; overrides \`${setting}\``
}

/** Puts lines between a marker and the next heading. */
function fill(document: string, marker: string, lines: readonly string[]): string {
  const mark = `<!-- ${marker} -->\n`
  const from = document.indexOf(mark)
  if (from < 0) throw new Error(`the document has no marker ${marker}`)
  const to = document.indexOf('\n## ', from)
  return `${document.slice(0, from)}${mark}\n${lines.join('\n')}\n${document.slice(to)}`
}
