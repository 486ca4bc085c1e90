/** What the settings of Claude Code say about messages from other processes, and about permissions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { setValue } from '../../../member/settings/setting-text.ts'
import { optionOf } from '../hearing/host-command.ts'

export interface ClientSettings {
  /** What becomes of a prompt from another process; undefined: what the client does by itself, which is to take it. */
  readonly inbound: 'accept' | 'hold' | 'refuse' | undefined
  /** The session asks for no permissions: what a prompt asks for is done. */
  readonly asksNothing: boolean
}

export interface SettingsSearch {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string | undefined
  /** The command lines of the host and its wrappers. */
  readonly commands: readonly (readonly string[])[]
  /** The text of a file; undefined when it cannot be read. */
  readonly read: (path: string) => string | undefined
}

/** An unknown value counts as the strictest. */
const settingsSchema = z.object({
  crossSessionInbound: z
    .enum(['accept', 'hold', 'refuse'])
    .or(z.unknown().transform((): 'refuse' => 'refuse'))
    .optional(),
  permissions: z.object({ defaultMode: z.string().optional() }).optional().catch(undefined),
})
type Settings = z.infer<typeof settingsSchema>

const MANAGED = [
  '/etc/claude-code/managed-settings.json',
  '/Library/Application Support/ClaudeCode/managed-settings.json',
] as const
const BYPASS = 'bypassPermissions'

/** Reads them as the client does: what is set by an administrator comes first, then the command line, then the files. */
export function readClientSettings({ environment, home, commands, read }: SettingsSearch): ClientSettings {
  const folder =
    setValue(environment.CLAUDE_CONFIG_DIR) ?? (home === undefined ? undefined : join(home, '.claude'))
  const project = setValue(environment.CLAUDE_PROJECT_DIR)
  const given = optionOf(commands, '--settings')
  const texts = [
    ...MANAGED.map(read),
    given?.trimStart().startsWith('{') === true ? given : given === undefined ? undefined : read(given),
    ...(project === undefined
      ? []
      : [
          read(join(project, '.claude', 'settings.local.json')),
          read(join(project, '.claude', 'settings.json')),
        ]),
    folder === undefined ? undefined : read(join(folder, 'settings.json')),
  ]
  const all = texts.flatMap((text) => parse(text) ?? [])
  const mode =
    optionOf(commands, '--permission-mode') ??
    all.find(({ permissions }) => permissions?.defaultMode !== undefined)?.permissions?.defaultMode
  return {
    inbound: all.find(({ crossSessionInbound }) => crossSessionInbound !== undefined)?.crossSessionInbound,
    asksNothing:
      mode === BYPASS || commands.some((command) => command.includes('--dangerously-skip-permissions')),
  }
}

/** Whether a permission mode, as the prompt hook gets it, asks for nothing. */
export function asksNothing(mode: string): boolean {
  return mode === BYPASS
}

function parse(text: string | undefined): Settings | undefined {
  if (text === undefined) return undefined
  try {
    return settingsSchema.safeParse(JSON.parse(text)).data
  } catch {
    // The client does not read such a file either.
    return undefined
  }
}

/** For {@link SettingsSearch.read}. */
export function readSettingsFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Most of them are not there.
    return undefined
  }
}
