/** A setting as text: where it comes from, and how a message quotes it. */

import { plainText } from '../../base/plain-text.ts'
import { parseEnvText } from './env-file-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Looks up a setting by name; `undefined` when it is set nowhere. */
export type Lookup = (name: string) => string | undefined

// What a host passes for a variable that it could not expand.
const UNEXPANDED = /^\$\{[A-Za-z_][\w.]*(?::-[^}]*)?\}$/

/** Where a program differs from others that read the same settings. */
export interface ProgramSettings {
  /** What its command line gives. A name without a value counts as set nowhere. */
  readonly given?: Environment
  /** What holds where a setting is set nowhere, if not the default of the table. */
  readonly defaults?: Environment
}

/**
 * Joins the process environment and the text of the `.env` file into one lookup. The environment wins, name by name;
 * in both, an empty value and an unexpanded `${NAME}` count as unset.
 */
export function joinSources(
  environment: Environment,
  envFileText: string | undefined,
  { given = {}, defaults = {} }: ProgramSettings = {},
): Lookup {
  const file: Environment = envFileText === undefined ? {} : parseEnvText(envFileText)
  const found = (name: string): string | undefined =>
    name in given ? given[name] : (setValue(environment[name]) ?? setValue(file[name]))
  return (name) => found(name) ?? defaults[name]
}

/** The bare value, or `undefined` where it counts as unset. */
export function setValue(value: string | undefined): string | undefined {
  const given = bare(value ?? '')
  return given === '' || UNEXPANDED.test(given) ? undefined : given
}

// White space and what displays as such, or as nothing: copied from a web page, nobody sees it.
const BLANK = '[\\s\\u00ad\\u200b-\\u200f\\u2060-\\u2064\\u2800\\u3164\\ufeff]'
const OUTER_BLANKS = new RegExp(`^${BLANK}+|${BLANK}+$`, 'g')
/** As shells write them, and as text editors replace them. */
const QUOTED = /^(?:"([^"]*)"|'([^']*)'|`([^`]*)`|[“”„]([^“”„]*)[“”]|[‘’‚]([^‘’‚]*)[‘’])$/

/**
 * A value without blanks and quotes around it. Where a shell or a parser has not taken the quotes off, as with the
 * `--env-file` of Docker, they would be part of the value.
 */
export function bare(value: string): string {
  const trimmed = value.replace(OUTER_BLANKS, '')
  const inner = QUOTED.exec(trimmed)
    ?.slice(1)
    .find((text) => text !== undefined)
  return inner === undefined ? trimmed : inner.replace(OUTER_BLANKS, '')
}

const MAX_QUOTED = 60
/** Bounds the work: the value can be as long as the file. */
const MAX_EXAMINED = 4_096

/**
 * Quotes a value for a message: clean, cut, and not at all where it may be a token under the wrong name. Leaves out the
 * user info, query and fragment of a URL, each of which can hold a secret.
 */
export function quoteValue(value: string): string {
  const near = (value.slice(0, MAX_EXAMINED).split(/[?#]/, 1)[0] ?? '').trim()
  const [from, to] = [near.indexOf('//'), near.lastIndexOf('@')]
  const bare = from >= 0 && to > from ? `${near.slice(0, from + 2)}${near.slice(to + 1)}` : near
  const mayBeToken = /[\w-]{32,}/.test(bare) && !/^[\da-f-]+$/i.test(bare)
  if (mayBeToken) return `a value of ${value.length} characters (not shown: it may be a token)`
  return `"${plainText(bare, MAX_QUOTED)}"${bare.length > MAX_QUOTED ? ' (cut)' : ''}`
}
