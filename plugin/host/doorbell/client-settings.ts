/** What the settings of Claude Code say about prompts from other processes, and about permissions, in this session. */
import { join } from 'node:path'
import { setValue } from '../../../member/settings/setting-text.ts'
import {
  type ClaudeSettings,
  type Inbound,
  managedSettingsFile,
  readClaudeSettings,
  readJson,
  readSettings,
} from '../hearing/claude-settings.ts'
import { optionOf } from '../hearing/host-command.ts'

export interface ClientSettings {
  /** What becomes of a prompt from another process; undefined: what the client does by itself, which is to take it. */
  readonly inbound: Inbound | undefined
  /** The session asks for no permissions: what a prompt asks for is done. */
  readonly asksNothing: boolean
}

export interface SettingsSearch {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** The command lines of the host and its wrappers. */
  readonly commands: readonly (readonly string[])[]
  readonly managed?: string
}

const BYPASS = 'bypassPermissions'

/**
 * An administrator's settings count most, then the command line's, then those of the user. Those of the project, which may be
 * anybody's, can only close what the others leave open.
 */
export function readClientSettings(search: SettingsSearch): ClientSettings {
  const { environment, home, commands, managed = managedSettingsFile(process.platform) } = search
  const project = setValue(environment.CLAUDE_PROJECT_DIR) ?? process.cwd()
  const files = readClaudeSettings({
    folder: setValue(environment.CLAUDE_CONFIG_DIR) ?? join(home, '.claude'),
    project,
    managed,
  })
  const ofProject = files.filter(({ file }) => file.startsWith(`${join(project, '.claude')}/`))
  const weakestFirst = [
    ...files.filter((one) => !one.isManaged && !ofProject.includes(one)),
    ...given(optionOf(commands, '--settings')),
    ...files.filter(({ isManaged }) => isManaged),
  ]
  const mode =
    optionOf(commands, '--permission-mode') ??
    [...weakestFirst, ...ofProject].findLast(({ permissionMode }) => permissionMode !== undefined)
      ?.permissionMode
  const inbound = weakestFirst.findLast((one) => one.crossSessionInbound !== undefined)?.crossSessionInbound
  return {
    inbound:
      inbound === undefined || inbound === 'accept'
        ? (ofProject.find(({ crossSessionInbound }) => isClosed(crossSessionInbound))?.crossSessionInbound ??
          inbound)
        : inbound,
    asksNothing:
      mode === BYPASS || commands.some((command) => command.includes('--dangerously-skip-permissions')),
  }
}

/** Whether prompts from other processes do not reach the model by themselves. */
export function isClosed(inbound: Inbound | undefined): inbound is 'hold' | 'refuse' {
  return inbound === 'hold' || inbound === 'refuse'
}

/** Whether a permission mode, as the prompt hook gets it, asks for nothing. */
export function asksNothing(mode: string): boolean {
  return mode === BYPASS
}

/** A file, or JSON. */
function given(value: string | undefined): readonly ClaudeSettings[] {
  if (value === undefined) return []
  const json = value.trimStart().startsWith('{') ? parse(value) : readJson(value)
  const settings = readSettings(json, '--settings', false)
  return settings === undefined ? [] : [settings]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The client does not start with it.
    return undefined
  }
}
