/** Intended settings that have no effect: without a warning, the user would not notice. */

import { parseEnv } from 'node:util'
import { plainText } from '../../base/plain-text.ts'
import { SETTING_ROWS } from './setting-table.ts'
import { type Environment, joinSources } from './setting-text.ts'

/** Settings of the platform, which may have been started from the same shell. */
const OTHER_PROGRAMS = /^MOLECULE_(ADMIN_TOKEN|DEPLOY_MODE|CONTRACT_.*)$/
const MEANT_AS_SETTING = /^\s*(?:export\s+)?(MOLECULE_[A-Z_]*)/
const MAX_NAMED = 8

const NAMES: readonly string[] = SETTING_ROWS.map(({ name }) => name)

/** At most one sentence for each way to have no effect. */
export function ignoredSettingWarnings(
  environment: Environment,
  envFileText: string | undefined,
): readonly string[] {
  const inEnvironment = Object.keys(environment).filter((name) => !OTHER_PROGRAMS.test(name))
  if (envFileText === undefined) return unknownNames('The environment', inEnvironment)
  return [
    ...environmentOnly(envFileText),
    ...unknownNames('The environment', inEnvironment),
    ...unknownNames('The .env file', Object.keys(parseEnv(envFileText))),
    ...unreadLines(envFileText),
  ]
}

function environmentOnly(envFileText: string): readonly string[] {
  const lookup = joinSources({}, envFileText)
  return SETTING_ROWS.filter((setting) => setting.environmentOnly && lookup(setting.name) !== undefined).map(
    ({ name }) => `${name} has no effect in the .env file: set it in the environment.`,
  )
}

function unknownNames(where: string, names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => name.startsWith('MOLECULE_') && !NAMES.includes(name))
  if (unknown.length === 0) return []
  const shown = unknown.map((name) => {
    const meant = NAMES.find((known) => known.startsWith(name) || name.startsWith(known))
    return `${plainText(name, 60)}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
  })
  const [are, them] = unknown.length === 1 ? ['is not a setting', 'it'] : ['are not settings', 'them']
  return [`${where} sets ${firstOf(shown)}, which ${are} of this plugin: correct or remove ${them}.`]
}

/**
 * Lines that begin with the name of a setting and that the parser skips, such as one with a space in place of the `=`.
 * The sentence gives the number and the name of each, and nothing of what follows, which may be a token.
 */
function unreadLines(envFileText: string): readonly string[] {
  const inValues = linesInValues(envFileText)
  const unread = envFileText.split('\n').flatMap((line, index) => {
    const name = settingAtStartOf(line)
    const isRead = name === undefined || inValues.has(line.trim()) || Object.keys(parseEnv(line)).length > 0
    return isRead ? [] : [`${index + 1} (${name})`]
  })
  if (unread.length === 0) return []
  const [lines, have] = unread.length === 1 ? ['Line', 'has'] : ['Lines', 'have']
  return [
    `${lines} ${firstOf(unread)} of the .env file ${have} no effect, because no "=" follows the name: ` +
      'write NAME="value".',
  ]
}

/** The known name that the line begins with, since what is glued to it may be the value. */
function settingAtStartOf(line: string): string | undefined {
  const [, word] = MEANT_AS_SETTING.exec(line.replace(/^\uFEFF/, '')) ?? []
  if (word === undefined) return undefined
  const longestFirst = NAMES.filter((name) => word.startsWith(name)).sort((a, b) => b.length - a.length)
  return longestFirst[0] ?? word.slice(0, 40)
}

/** A line within the quotes of a value that spans several is no line of its own. */
function linesInValues(envFileText: string): ReadonlySet<string> {
  const values = Object.values(parseEnv(envFileText)).filter((value) => value?.includes('\n') === true)
  return new Set(values.flatMap((value) => value?.split('\n').map((line) => line.trim()) ?? []))
}

function firstOf(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : []
  return [...names.slice(0, MAX_NAMED), ...more].join(', ')
}
