/** The text of the `.env` file: what it sets, and the lines that were meant to set something and do not. Pure. */

import { parseEnv } from 'node:util'

/**
 * What the file sets. White space of any kind may surround the `=`: Bun's parser takes a no-break space, which looks like
 * any other, for a part of the name.
 */
export function parseEnvText(text: string): Readonly<Record<string, string | undefined>> {
  return parseEnv(text.replace(AROUND_EQUALS, '$1='))
}

export interface Assignment {
  readonly name: string
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

/** Where the name of a setting stands without being read. */
export interface UnreadLine {
  readonly name: string
  /** Counted from 1. */
  readonly line: number
}

/** A name of ours that is not a part of another word. */
const NAME = /(?<![A-Za-z0-9_])MOLECULE_[A-Z_]*/g
const AROUND_EQUALS = /^[^\S\r\n]*((?:export[^\S\r\n]+)?MOLECULE_[A-Z_]*)[^\S\r\n]*=[^\S\r\n]*/gm
const OURS = /molecule[_-]/i
const COMMENT = /(?:^|\s)(?:#|\/\/).*$/

/** Every setting of the file, in the order of its lines. A later one replaces an earlier one of the same name. */
export function assignments(text: string): readonly Assignment[] {
  return ownLines(text).flatMap(({ line, number }) =>
    Object.entries(parseEnvText(line)).map(([name, value]) => ({ name, value: value ?? '', line: number })),
  )
}

/**
 * Lines in the syntax of another shell or file, such as `set -x NAME value`, `$env:NAME = "value"` or a JSON object, or
 * with several settings in one line. Nothing after the name is given, since it may be a token.
 *
 * @param known the names of all settings.
 */
export function unreadLines(text: string, known: readonly string[]): readonly UnreadLine[] {
  return ownLines(text).flatMap(({ line, number }) => {
    const [read] = Object.keys(parseEnvText(line))
    const meant = line.replace(COMMENT, '')
    const found = [...meant.matchAll(NAME)].find(({ 0: word, index }) => {
      const isFirst = /^\s*(?:export\s+)?$/.test(meant.slice(0, index))
      if (read !== undefined && isFirst && read.startsWith('MOLECULE_')) return false
      // In the value of another name, it is only mentioned, unless it is given a value there.
      return read === undefined || /^["']?\s*=/.test(meant.slice(index + word.length))
    })
    return found === undefined ? [] : [{ name: nameIn(found[0], known), line: number }]
  })
}

/** The setting that a word begins with, since what is glued to it may be the value. */
function nameIn(word: string, known: readonly string[]): string {
  const longestFirst = known.filter((name) => word.startsWith(name)).sort((a, b) => b.length - a.length)
  return longestFirst[0] ?? word.slice(0, 40)
}

/**
 * The text with these settings changed, each on a line of its own, and every other line as it is. The new lines stand
 * where the first of the old ones stood, or at the end.
 *
 * @param changes the value of each setting, on one line and without a double quote; `undefined` removes it.
 */
export function withSettings(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const old = new Set(
    assignments(text).flatMap(({ name, line }) => (Object.hasOwn(changes, name) ? [line] : [])),
  )
  const lines = text.split(/\r\n?|\n/)
  if (lines.at(-1) === '') lines.pop()
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${value}"`],
  )
  const at = old.size === 0 ? lines.length : Math.min(...old) - 1
  const kept = (from: number, to: number): readonly string[] =>
    lines.slice(from, to).filter((_, index) => !old.has(from + index + 1))
  return [...kept(0, at), ...added, ...kept(at, lines.length)].map((line) => `${line}\n`).join('')
}

/** Lines about our settings. One within the quotes of a value that spans several is no line of its own. */
function ownLines(text: string): readonly { readonly line: string; readonly number: number }[] {
  const values = Object.values(parseEnvText(text)).filter((value) => value?.includes('\n') === true)
  const within = new Set(values.flatMap((value) => value?.split('\n').map((line) => line.trim()) ?? []))
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => OURS.test(line) && !within.has(line.trim()))
}
