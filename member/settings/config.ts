/** Turns the environment and the text of the `.env` file into one frozen, checked configuration. */

import { dirname, isAbsolute, join, resolve } from 'node:path'
import { plainText } from '../../base/plain-text.ts'
import { redact } from '../../base/redact.ts'
import { type Ignored, ignoredSettings } from './ignored-settings.ts'
import { type ChannelMode, type LogLevel, SETTINGS } from './setting-table.ts'
import { type Environment, joinSources, type ProgramSettings, quoteValue, setValue } from './setting-text.ts'
import { readSingleSettings, type SingleSettings } from './single-settings.ts'
import { hasTargets, readTargets, TARGET_NAMES, type Target } from './targets.ts'

export type { Environment } from './setting-text.ts'
export type { Target } from './targets.ts'

/** Frozen throughout. */
export interface Config extends SingleSettings {
  /** Absolute path of the folder for everything kept on disk. */
  readonly stateDir: string
  /** At least one; no workspace twice. */
  readonly targets: readonly Target[]
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | {
      readonly ok: false
      /** Nothing is said about any workspace. */
      readonly isMissing: boolean
      readonly stateDir: string
      readonly logLevel: LogLevel
      readonly channelMode: ChannelMode
      /** What to repair before the program can work; at least one sentence. */
      readonly problems: readonly string[]
      readonly warnings: readonly string[]
    }

/**
 * Finds the state folder, where the `.env` file lies: `MOLECULE_STATE_DIR`, else `channels/molecule` below
 * `CLAUDE_CONFIG_DIR`, else below `~/.claude`. A leading `~/` stands for the home folder.
 *
 * @param home Absolute path; `undefined` when there is none.
 * @returns An absolute path. Ignores a relative setting, which {@link parseConfig} reports.
 */
export function resolveStateDir(environment: Environment, home: string | undefined): string {
  return findStateDir(environment, home).stateDir
}

/**
 * The state folder of an agent by its name: a neighbour of the one that every session has by default.
 *
 * @param name fit for the name of a folder.
 * @param home Absolute path; `undefined` when there is none.
 */
export function namedStateDir(environment: Environment, home: string | undefined, name: string): string {
  const { CLAUDE_CONFIG_DIR } = environment
  return join(dirname(resolveStateDir({ CLAUDE_CONFIG_DIR }, home)), name)
}

/**
 * Reads and checks every setting. Pure, and never throws.
 *
 * @param envFileText The text of the `.env` file; `undefined` when there is none.
 * @param home Absolute path of the home folder; `undefined` when there is none.
 * @param envFileProblem Why the file cannot be read.
 * @param program Where it differs from other programs with these settings.
 * @returns The configuration, or what is wrong with it, in sentences for the user. None of them quotes a token.
 */
export function parseConfig(
  environment: Environment,
  envFileText: string | undefined,
  home: string | undefined,
  envFileProblem?: string,
  program?: ProgramSettings,
): ConfigResult {
  const lookup = joinSources(environment, envFileText, program)
  const { stateDir, problems: folderProblems } = findStateDir(environment, home)
  const ignored = ignoredSettings(environment, envFileText)
  // Where nothing is configured, only what explains that is a problem.
  const isMissing = !hasTargets(lookup)
  const explains = ({ meant }: Ignored): boolean =>
    isMissing && meant.some((name) => TARGET_NAMES.includes(name))
  const settingWarnings = ignored.filter((one) => !explains(one)).map(({ sentence }) => sentence)
  const settings = readSingleSettings(lookup, (sentence) => settingWarnings.push(sentence))
  const read = readTargets(lookup)
  const tell = (sentences: readonly string[]): readonly string[] =>
    // A token that also stands under another name would be quoted in the sentence about that name.
    Object.freeze(shorten(sentences).map((sentence) => redact(sentence, read.tokens, '[token]')))

  const unread = envFileProblem === undefined ? [] : [envFileProblem]
  const reasons = [...unread, ...ignored.filter(explains).map(({ sentence }) => sentence)]
  const missing = reasons.length > 0 ? reasons : [notConfigured(stateDir)]
  const problems = [...folderProblems, ...(isMissing ? missing : read.problems)]
  const warnings = tell([...(isMissing ? [] : unread), ...settingWarnings, ...read.warnings])
  if (problems.length === 0) {
    const { orgId } = settings
    const targets =
      orgId === undefined ? read.targets : read.targets.map((target) => Object.freeze({ ...target, orgId }))
    const config = Object.freeze({ ...settings, stateDir, targets: Object.freeze(targets) })
    return Object.freeze({ ok: true, config, warnings })
  }
  const { logLevel, channelMode } = settings
  return Object.freeze({
    ok: false,
    isMissing,
    stateDir,
    logLevel,
    channelMode,
    problems: tell(problems),
    warnings,
  })
}

/** What a container gives a user without an entry. Nothing can be written there, as a rule. */
const NO_HOME = '/'
const HOMELESS =
  'No home folder was found, because HOME is not an absolute path and the system has no entry for this user'

function findStateDir(
  environment: Environment,
  knownHome: string | undefined,
): { readonly stateDir: string; readonly problems: readonly string[] } {
  const setting = SETTINGS.stateDir
  const own = setValue(environment[setting.name])
  const host = setValue(environment.CLAUDE_CONFIG_DIR)
  const name = own === undefined ? 'CLAUDE_CONFIG_DIR' : setting.name
  const home = knownHome ?? NO_HOME
  const given = own ?? host ?? join(home, '.claude')
  const path = given === '~' || given.startsWith('~/') ? join(home, given.slice(1)) : given
  const suffix = own === undefined ? ['channels', 'molecule'] : []
  if (knownHome === undefined && (path !== given || (own ?? host) === undefined)) {
    const problem = `${HOMELESS}: set ${setting.name} to an absolute path.`
    return { stateDir: resolve(path, ...suffix), problems: [problem] }
  }
  if (isAbsolute(path)) return { stateDir: resolve(path, ...suffix), problems: [] }
  const sentence = `${name} is ${quoteValue(given)} but must be ${setting.rule}: correct or remove it.`
  return { stateDir: join(home, '.claude', 'channels', 'molecule'), problems: [sentence] }
}

function notConfigured(stateDir: string): string {
  const { workspaceIds, workspaceTokens, platformUrl } = SETTINGS
  return (
    `No workspace is configured: run /molecule:configure, or set ${workspaceIds.name}, ${workspaceTokens.name} ` +
    `and ${platformUrl.name} in ${plainText(join(stateDir, '.env'), 500)}.`
  )
}

const MAX_SENTENCES = 20

function shorten(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= MAX_SENTENCES) return sentences
  const left = sentences.length - MAX_SENTENCES
  const more = left === 1 ? 'is 1 more like these' : `are ${left} more like these`
  return [...sentences.slice(0, MAX_SENTENCES), `There ${more}: fix the above first.`]
}
