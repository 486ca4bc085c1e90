/** Intended settings that have no effect: without a sentence, the user would not notice. Pure. */

import { plainText } from '../../base/plain-text.ts'
import { assignments, unreadLines } from './env-file-text.ts'
import { SETTING_ROWS, SETTINGS } from './setting-table.ts'
import { type Environment, joinSources } from './setting-text.ts'

export interface Ignored {
  readonly sentence: string
  /** The settings that were probably meant. */
  readonly meant: readonly string[]
}

/** Settings of the platform, which may have been started from the same shell. */
const OTHER_PROGRAMS = /^MOLECULE_(ADMIN_TOKEN|DEPLOY_MODE|CONTRACT_.*)$/
/**
 * What a runner tells the program that answers a message, which may be a client with this plugin. The id of an activity is
 * always among them; without it, the name of another may be a mistake.
 */
const OF_A_MESSAGE =
  /^MOLECULE_(WORKSPACE_ID|CALLER_ID|MESSAGE_ID|ACTIVITY_ID|TASK_ID|METHOD|KIND|PEER_NAME|CONTEXT_ID|REDELIVERED|FILES)$/
/** In any case, and as people write names with hyphens. */
const OURS = /^molecule[_-]/i
const MAX_NAMED = 8

const NAMES: readonly string[] = SETTING_ROWS.map(({ name }) => name)

/** At most one for each way to have no effect. */
export function ignoredSettings(
  environment: Environment,
  envFileText: string | undefined,
): readonly Ignored[] {
  const answersMessage = environment.MOLECULE_ACTIVITY_ID !== undefined
  const inEnvironment = Object.keys(environment).filter(
    (name) => !OTHER_PROGRAMS.test(name) && !(answersMessage && OF_A_MESSAGE.test(name)),
  )
  const unknown = unknownNames('The environment', inEnvironment)
  if (envFileText === undefined) return unknown
  return [
    ...environmentOnly(envFileText),
    ...overridden(environment, envFileText),
    ...unknown,
    ...unknownNames(
      'The .env file',
      assignments(envFileText).map(({ name }) => name),
    ),
    ...repeated(envFileText),
    ...unread(envFileText),
    ...lostCharacters(envFileText),
  ]
}

function environmentOnly(envFileText: string): readonly Ignored[] {
  const lookup = joinSources({}, envFileText)
  return SETTING_ROWS.filter((setting) => setting.environmentOnly && lookup(setting.name) !== undefined).map(
    ({ name }) => ({
      sentence: `${name} has no effect in the .env file: set it in the environment.`,
      meant: [name],
    }),
  )
}

/** By design, but not always on purpose: a variable may be left from another configuration. */
function overridden(environment: Environment, envFileText: string): readonly Ignored[] {
  const [outer, inner] = [joinSources(environment, undefined), joinSources({}, envFileText)]
  const names = SETTING_ROWS.filter(({ name, environmentOnly }) => {
    const [wins, loses] = [outer(name), inner(name)]
    return environmentOnly !== true && wins !== undefined && loses !== undefined && wins !== loses
  }).map(({ name }) => name)
  if (names.length === 0) return []
  const them = names.length === 1 ? 'it' : 'them'
  const sentence = `The environment overrides ${firstOf(names)} from the .env file: remove ${them} from one of the two.`
  return [{ sentence, meant: names }]
}

function unknownNames(where: string, names: readonly string[]): readonly Ignored[] {
  const unknown = [...new Set(names)].filter((name) => OURS.test(name) && !NAMES.includes(name))
  if (unknown.length === 0) return []
  const meant = unknown.map(meantBy)
  const shown = unknown.map((name, index) => {
    const known = meant[index]
    return `${plainText(name, 60)}${known === undefined ? '' : ` (did you mean ${known}?)`}`
  })
  const [are, them] = unknown.length === 1 ? ['is not a setting', 'it'] : ['are not settings', 'them']
  return [
    {
      sentence: `${where} sets ${firstOf(shown)}, which ${are} of this plugin: correct or remove ${them}.`,
      meant: meant.filter((name) => name !== undefined),
    },
  ]
}

function meantBy(name: string): string | undefined {
  const written = name.toUpperCase().replaceAll('-', '_')
  const known = NAMES.find((one) => one === written)
  return known ?? NAMES.find((one) => one.startsWith(written) || written.startsWith(one))
}

/** As when the blocks of several workspaces were put into one file. */
function repeated(envFileText: string): readonly Ignored[] {
  const all = assignments(envFileText).filter(({ name }) => NAMES.includes(name))
  const names = NAMES.filter(
    (name) => new Set(all.filter((one) => one.name === name).map(({ value }) => value)).size > 1,
  )
  if (names.length === 0) return []
  const shown = names.map((name) => {
    const lines = all.filter((one) => one.name === name).map(({ line }) => line)
    return `${name} (lines ${firstOf(lines)})`
  })
  const several = names.includes(SETTINGS.workspaceIds.name)
    ? '; it can list several workspaces, separated by commas'
    : ''
  const sentence = `The .env file sets ${firstOf(shown)} more than once, and the last line counts: keep one line for each${several}.`
  return [{ sentence, meant: names }]
}

/** The sentence gives the number and the setting of each, and nothing of what follows, which may be a token. */
function unread(envFileText: string): readonly Ignored[] {
  const lines = unreadLines(envFileText, NAMES)
  if (lines.length === 0) return []
  const [noun, have] = lines.length === 1 ? ['Line', 'has'] : ['Lines', 'have']
  const shown = firstOf(lines.map(({ name, line }) => `${line} (${name})`))
  const sentence =
    `${noun} ${shown} of the .env file ${have} no effect: ` +
    'write each setting as NAME="value" on a line of its own, with nothing before the name.'
  return [{ sentence, meant: lines.map(({ name }) => name) }]
}

function lostCharacters(envFileText: string): readonly Ignored[] {
  if (!envFileText.includes('\ufffd')) return []
  return [
    { sentence: 'The .env file is not in UTF-8, so some characters are lost: save it as UTF-8.', meant: [] },
  ]
}

function firstOf(names: readonly (string | number)[]): string {
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : []
  return [...names.slice(0, MAX_NAMED), ...more].join(', ')
}
