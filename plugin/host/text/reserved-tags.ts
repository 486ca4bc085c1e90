/**
 * Finds opening and closing tags that the host or the model could take for its own, under any disguise of case, spacing,
 * width, invisible characters or look-alike letters, and breaks them by a backslash after the `<`.
 *
 * A list of such names is always behind the host, whose tags are words joined by hyphens or underscores. So every tag with
 * a name of that form is broken, but for those of HTML, SVG and MathML. A type argument such as `vector<my_type>` and a
 * comparison such as `a <my_limit` are no tags.
 */
import { END, fold, isPartOfName } from './look-alikes.ts'

/** Names with no other use: broken wherever they follow a `<`. */
const SPECIFIC = [
  'system-reminder',
  'system-prompt',
  'system-warning',
  'systemreminder',
  'user-prompt-submit-hook',
  'function-calls',
  'function-results',
  'function-result',
  'tool-use',
  'tool-result',
  'tool-call',
  'antml',
  'command-name',
  'command-message',
  'command-args',
  'command-contents',
  'local-command-stdout',
  'local-command-stderr',
  'bash-input',
  'bash-stdout',
  'bash-stderr',
  'new-diagnostics',
  'task-notification',
  'teammate-message',
  'tool-use-error',
  'local-command-caveat',
  'persisted-output',
  'ide-selection',
  'ide-opened-file',
  'session-start-hook',
  'post-tool-use-hook',
  'pre-tool-use-hook',
  'fetch-result',
  'cross-session-message',
  'user-memory',
  'user-claude-md',
  'mcp-server-note',
  'webhook-payload',
  'repl-output',
  'interrupted-output',
  'previous-conversation',
  'subagent-hand-back',
  'cc-automode-permissions',
  'cc-automode-session-rules',
  'sandbox-violations',
]
/** The names of HTML, SVG and MathML that have a hyphen. */
const OF_STANDARDS: ReadonlySet<string> = new Set([
  'annotation-xml',
  'color-profile',
  'font-face',
  'font-face-src',
  'font-face-uri',
  'font-face-format',
  'font-face-name',
  'missing-glyph',
])
/** Names that code uses too: after a gap, or right after an identifier, `<` may just mean "less than". */
const COMMON = [
  'channel',
  'system',
  'assistant',
  'human',
  'user',
  'function',
  'functions',
  'invoke',
  'parameter',
  'thinking',
  'env',
]
/** Names claimed by what comes before the first joint: `antml:invoke`, `channel.x`. */
const CLAIMED_BY_PREFIX = ['antml', 'channel', 'system']

const folded = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => Array.from(name, fold).join('')))
const SPECIFIC_NAMES = folded(SPECIFIC)
const COMMON_NAMES = folded(COMMON)
const PREFIXES = folded(CLAIMED_BY_PREFIX)
const MAX_NAME = Math.max(...[...SPECIFIC_NAMES, ...COMMON_NAMES].map((name) => name.length))
/** A whole tag whose name has a joint, not right after a name. */
const JOINED_TAG =
  /(?:(?<![\p{L}\p{N}_$])<|<(?=\/))(?=\/?(\p{L}[\p{L}\p{N}]*(?:[-_][\p{L}\p{N}]+)+)(?:[\s/][^<>&|;(){}]{0,300})?>)/gu

const OPENERS =
  '<\u{ff1c}\u{fe64}\u{2039}\u{3008}\u{2329}\u{276e}\u{276c}\u{27e8}\u{29fc}\u{1438}\u{2c2}\u{226e}\u{16b2}\u{227a}\u{22d6}\u{2770}\u{2991}\u{1d236}'
const CLOSERS =
  '>\u{ff1e}\u{fe65}\u{203a}\u{3009}\u{232a}\u{276f}\u{276d}\u{27e9}\u{29fd}\u{1433}\u{2c3}\u{226f}\u{16f3f}\u{227b}\u{22d7}\u{2771}\u{2992}\u{1d237}'
const OPENER = new RegExp(`[${OPENERS}]`, 'gu')
const GAPS = String.raw`[\s/\\\p{Cf}\p{M}]*`
/** What follows the name in a tag: its end, an attribute, or anything but code up to its end. */
const REST_OF_A_TAG = new RegExp(
  `${GAPS}(?:[${CLOSERS}"'=]|[\\p{L}\\p{N}_:.-]+${GAPS}=)|[^${OPENERS}${CLOSERS};&|(){}\\n]{0,300}[${CLOSERS}]`,
  'uy',
)
/** The same across lines, for the name of the event itself, which few variables have. */
const REST_OVER_LINES = new RegExp(`[^${OPENERS}${CLOSERS};&|(){}]{0,300}[${CLOSERS}]`, 'uy')
/** An attribute of our events. It gives a tag away whatever comes before it. */
const ATTRIBUTE_OF_AN_EVENT = new RegExp(
  `[^${OPENERS}]{0,500}?\\b(?:source|kind|ts|method|redelivered|[a-z]+_(?:id|name|role|path|count|mime))\\s*=`,
  'iuy',
)
/** A type argument: `List<User>`, `Map<User, …>`. */
const TYPE_ARGUMENT = /(?!Channel)[A-Z][a-z]+\s*(?:[>,[|&]|extends\b)/y
const IDENTIFIER = /^[\p{L}\p{N}_$]$/u

/** Breaks every such tag, and leaves broken ones alone. The cost is linear in the length. */
export function breakReservedTags(text: string): string {
  return text
    .replace(OPENER, (open, at: number) =>
      opensReservedTag(text, at, at + open.length) ? `${open}\\` : open,
    )
    .replace(JOINED_TAG, (open, name: string) => (OF_STANDARDS.has(name.toLowerCase()) ? open : `${open}\\`))
}

function opensReservedTag(text: string, at: number, start: number): boolean {
  if (text[start] === '\\') return false
  let name = ''
  let judged = ''
  // The next opener ends a name, so that no character is read for more than one opener.
  for (let next = start; name.length <= MAX_NAME; ) {
    const character = text.codePointAt(next)
    const written = character === undefined ? '' : String.fromCodePoint(character)
    const shape = written === '' ? END : fold(written)
    for (let index = 0; index < shape.length; index++) {
      const part = shape[index]
      // A bar may be a letter or separate two types; other signs are as ambiguous.
      const mayEnd = part === ' ' || part === END || (part !== '-' && !isPartOfName(written))
      if (mayEnd && name !== judged) {
        if (isTag(text, at, start, name, next)) return true
        // Judges a name once, however long the gap after it.
        judged = name
      }
      if (part === END) return false
      // Skips gaps, even inside a name: `<chan nel>`.
      if (part !== ' ' && !(part === '-' && (name === '' || name.endsWith('-')))) name += part
    }
    next += character !== undefined && character > 0xffff ? 2 : 1
  }
  return claim(name) !== undefined
}

function isTag(text: string, at: number, start: number, name: string, end: number): boolean {
  const claimed = claim(name)
  if (claimed !== 'common') return claimed === 'specific'
  const glued = at > 0 && IDENTIFIER.test(text[at - 1] ?? '')
  const spaced = /\s/.test(text[start] ?? '')
  if (!glued && !spaced) return true
  if (glued && text[at] === '<' && matchesAt(TYPE_ARGUMENT, text, start)) return false
  if (matchesAt(REST_OF_A_TAG, text, end) || matchesAt(ATTRIBUTE_OF_AN_EVENT, text, end)) return true
  return name.startsWith('channel') && matchesAt(REST_OVER_LINES, text, end)
}

/** Which kind of reserved name a folded name is, if any. */
function claim(name: string): 'specific' | 'common' | undefined {
  const whole = name.replace(/-$/, '')
  if (SPECIFIC_NAMES.has(whole)) return 'specific'
  if (COMMON_NAMES.has(whole)) return 'common'
  const [first = ''] = whole.split('-', 1)
  if (!PREFIXES.has(first)) return undefined
  return SPECIFIC_NAMES.has(first) ? 'specific' : 'common'
}

function matchesAt(pattern: RegExp, text: string, index: number): boolean {
  pattern.lastIndex = index
  return pattern.test(text)
}
