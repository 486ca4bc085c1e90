/** The whole configuration: from the environment and the text of the `.env` file to one frozen, checked value. */

import { isAbsolute, join, resolve } from 'node:path'
import { plainText } from '../../base/plain-text.ts'
import { redact } from '../../base/redact.ts'
import {
  type ChannelMode,
  type Environment,
  joinSources,
  type LogLevel,
  readSingleSettings,
  type SingleSettings,
  setValue,
  showValue,
} from './settings.ts'
import { readTargets, type Target } from './targets.ts'
import { unknownNameWarnings } from './unknown-names.ts'
import { unreadLineWarnings } from './unread-lines.ts'

export type { ChannelMode, Environment, LogLevel } from './settings.ts'
export type { Target } from './targets.ts'

/** Frozen throughout. Intervals are in milliseconds, the window is in seconds. */
export interface Config extends SingleSettings {
  /** Absolute path of the folder for all that is kept on disk. */
  readonly stateDir: string
  /** At least one; no workspace twice. */
  readonly targets: readonly Target[]
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | {
      readonly ok: false
      readonly stateDir: string
      readonly logLevel: LogLevel
      readonly channelMode: ChannelMode
      /** What must be repaired before the program can work; at least one sentence. */
      readonly problems: readonly string[]
      readonly warnings: readonly string[]
    }

/**
 * Finds the state folder, which the `.env` file lies in: `MOLECULE_STATE_DIR`, else `channels/molecule` below
 * `CLAUDE_CONFIG_DIR`, else below `~/.claude`. A leading `~/` is the home folder.
 *
 * @returns An absolute path. A relative setting is passed over; {@link parseConfig} reports it.
 */
export function resolveStateDir(environment: Environment, home: string): string {
  return findStateDir(environment, home).stateDir
}

/**
 * Reads and checks every setting. Touches nothing but its arguments, and never throws.
 *
 * @param envFileText The text of the `.env` file; `undefined` when there is none.
 * @param home Absolute path of the home folder.
 * @returns The configuration; or what is wrong with it, in sentences fit to show, none of which quotes a token.
 */
export function parseConfig(
  environment: Environment,
  envFileText: string | undefined,
  home: string,
): ConfigResult {
  const lookup = joinSources(environment, envFileText)
  const { stateDir, problems: folderProblems } = findStateDir(environment, home)
  const settingWarnings = [
    ...strayFolderWarnings(envFileText),
    ...unknownNameWarnings(environment, envFileText),
    ...unreadLineWarnings(envFileText),
  ]
  const settings = readSingleSettings(lookup, (sentence) => settingWarnings.push(sentence))
  const nothing = TARGET_SETTINGS.every((name) => lookup(name) === undefined)
  const read = readTargets(lookup)
  const tell = (sentences: readonly string[]): readonly string[] =>
    // A token that also stands under another name would be quoted in the sentence about that name.
    Object.freeze(shorten(sentences).map((sentence) => redact(sentence, read.tokens, '[token]')))

  const problems = [...folderProblems, ...(nothing ? [notConfigured(stateDir)] : read.problems)]
  const warnings = tell([...settingWarnings, ...read.warnings])
  if (problems.length === 0) {
    const config = Object.freeze({ ...settings, stateDir, targets: read.targets })
    return Object.freeze({ ok: true, config, warnings })
  }
  const { logLevel, channelMode } = settings
  return Object.freeze({ ok: false, stateDir, logLevel, channelMode, problems: tell(problems), warnings })
}

const TARGET_SETTINGS = ['MOLECULE_WORKSPACES_JSON', 'MOLECULE_WORKSPACE_IDS', 'MOLECULE_WORKSPACE_TOKENS']

function findStateDir(
  environment: Environment,
  home: string,
): { readonly stateDir: string; readonly problems: readonly string[] } {
  const own = setValue(environment.MOLECULE_STATE_DIR)
  const host = setValue(environment.CLAUDE_CONFIG_DIR)
  const name = own === undefined ? 'CLAUDE_CONFIG_DIR' : 'MOLECULE_STATE_DIR'
  const given = own ?? host ?? join(home, '.claude')
  const path = given === '~' || given.startsWith('~/') ? join(home, given.slice(1)) : given
  const suffix = own === undefined ? ['channels', 'molecule'] : []
  if (isAbsolute(path)) return { stateDir: resolve(path, ...suffix), problems: [] }
  const sentence = `${name} is ${showValue(given)}, but it must be an absolute path or begin with ~/: correct or remove it.`
  return { stateDir: join(home, '.claude', 'channels', 'molecule'), problems: [sentence] }
}

function strayFolderWarnings(envFileText: string | undefined): string[] {
  const inFile = joinSources({}, envFileText)('MOLECULE_STATE_DIR')
  if (inFile === undefined) return []
  return [
    'MOLECULE_STATE_DIR has no effect in the .env file, which is looked for in that folder: ' +
      'set it in the environment.',
  ]
}

function notConfigured(stateDir: string): string {
  return (
    'No workspace is configured: run /molecule:configure, or set MOLECULE_WORKSPACE_IDS, MOLECULE_WORKSPACE_TOKENS ' +
    `and MOLECULE_PLATFORM_URL in ${plainText(join(stateDir, '.env'), 500)}.`
  )
}

const MAX_SENTENCES = 20

function shorten(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= MAX_SENTENCES) return sentences
  const left = sentences.length - MAX_SENTENCES
  const more = left === 1 ? 'is 1 more like these' : `are ${left} more like these`
  return [...sentences.slice(0, MAX_SENTENCES), `There ${more}: repair the above first.`]
}
