/** Lines of the `.env` file that were meant as settings and are none: nothing else would say so. Pure. */
import { parseEnv } from 'node:util'
import { SETTING_NAMES } from './unknown-names.ts'

const MEANT_AS_SETTING = /^\s*(?:export\s+)?(MOLECULE_[A-Z_]*)/
const MAX_NAMED = 8

/**
 * One sentence for all lines that begin with the name of a setting and that the parser steps over, such as one with a
 * space in place of the `=`. It says the number and the name of each, and nothing of what follows, which may be a token.
 */
export function unreadLineWarnings(envFileText: string | undefined): readonly string[] {
  if (envFileText === undefined) return []
  const inValues = linesInValues(envFileText)
  const unread = envFileText.split('\n').flatMap((line, index) => {
    const name = nameIn(line)
    const isRead = name === undefined || inValues.has(line.trim()) || Object.keys(parseEnv(line)).length > 0
    return isRead ? [] : [`${index + 1} (${name})`]
  })
  if (unread.length === 0) return []
  const one = unread.length === 1
  const more = unread.length > MAX_NAMED ? [`and ${unread.length - MAX_NAMED} more`] : []
  return [
    `${one ? 'Line' : 'Lines'} ${[...unread.slice(0, MAX_NAMED), ...more].join(', ')} of the .env file ` +
      `${one ? 'has' : 'have'} no effect, since no "=" follows the name: write NAME="value".`,
  ]
}

/** A known name where the line begins with one: what is glued to it may be the value. */
function nameIn(line: string): string | undefined {
  const [, word] = MEANT_AS_SETTING.exec(line.replace(/^\uFEFF/, '')) ?? []
  if (word === undefined) return undefined
  const known = SETTING_NAMES.filter((name) => word.startsWith(name)).sort((a, b) => b.length - a.length)
  return known[0] ?? word.slice(0, 40)
}

/** What stands within the quotes of a value over several lines is no line of its own. */
function linesInValues(envFileText: string): ReadonlySet<string> {
  const values = Object.values(parseEnv(envFileText)).filter((value) => value?.includes('\n') === true)
  return new Set(values.flatMap((value) => value?.split('\n').map((line) => line.trim()) ?? []))
}
