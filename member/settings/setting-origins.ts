/** Where each value comes from that is set: people look for it in one place while another one decides. Pure. */
import { assignments } from './env-file-text.ts'
import { SETTING_ROWS, SETTINGS } from './setting-table.ts'
import { type Environment, type ProgramSettings, quoteValue, setValue } from './setting-text.ts'

export interface SettingOrigin {
  readonly name: string
  /** The value as a person may see it. */
  readonly shown: string
  readonly from: 'command line' | 'environment' | 'file'
  /** Of the file, counted from 1. */
  readonly line?: number
  /** The file of another program that sets the variable of the environment. */
  readonly setBy?: string
}

/** Their values are, or contain, tokens. */
const SECRET: readonly string[] = [SETTINGS.workspaceTokens.name, SETTINGS.workspacesJson.name]

/** In the order of the table; without those that are not set. */
export function settingOrigins(
  environment: Environment,
  envFileText: string | undefined,
  { given = {} }: ProgramSettings = {},
): readonly SettingOrigin[] {
  const file = assignments(envFileText ?? '')
  return SETTING_ROWS.flatMap(({ name, environmentOnly }): SettingOrigin[] => {
    const shown = (value: string): string => (SECRET.includes(name) ? '(not shown)' : quoteValue(value))
    if (name in given) {
      const value = given[name]
      return value === undefined ? [] : [{ name, shown: shown(value), from: 'command line' }]
    }
    const outer = setValue(environment[name])
    if (outer !== undefined) return [{ name, shown: shown(outer), from: 'environment' }]
    const last = file.findLast((one) => one.name === name)
    const inner = environmentOnly === true ? undefined : setValue(last?.value)
    if (inner === undefined || last === undefined) return []
    return [{ name, shown: shown(inner), from: 'file', line: last.line }]
  })
}

/** "MOLECULE_PLATFORM_URL "http://127.0.0.1:8080" (line 1 of /home/ada/.claude/channels/molecule/.env)". */
export function describeOrigin({ name, shown, from, line, setBy }: SettingOrigin, envFile: string): string {
  if (from === 'file') return `${name} ${shown} (line ${line} of ${envFile})`
  return `${name} ${shown} (from the ${from}${setBy === undefined ? '' : `: the env of ${setBy}`})`
}
