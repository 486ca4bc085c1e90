/** What Claude Code's own settings say about a session: its environment, plugins, channels, inbox and permissions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Environment } from '../../../member/settings/config.ts'

export interface ClaudeSettings {
  /** Its path. */
  readonly file: string
  readonly isManaged: boolean
  readonly env: Environment
  /** By NAME@MARKETPLACE. */
  readonly enabledPlugins: Readonly<Record<string, unknown>>
  readonly channelsEnabled: boolean | undefined
  /** What becomes of a prompt from another process. */
  readonly crossSessionInbound: Inbound | undefined
  /** The mode in which a session asks for permissions. */
  readonly permissionMode: string | undefined
}

export type Inbound = 'accept' | 'hold' | 'refuse'

export interface ClaudePlaces {
  /** Claude Code's own folder, as a rule ~/.claude. */
  readonly folder: string
  /** Where a session would be started. */
  readonly project: string
  readonly managed: string
}

const schema = z.object({
  env: z.record(z.string(), z.coerce.string()).catch({}).default({}),
  enabledPlugins: z.record(z.string(), z.unknown()).catch({}).default({}),
  channelsEnabled: z.boolean().optional().catch(undefined),
  // An unknown value counts as the strictest.
  crossSessionInbound: z
    .enum(['accept', 'hold', 'refuse'])
    .or(z.unknown().transform((): Inbound => 'refuse'))
    .optional(),
  permissions: z.object({ defaultMode: z.string() }).partial().optional().catch(undefined),
})

/** Where an administrator puts the settings of all users. */
export function managedSettingsFile(platform: string): string {
  return platform === 'darwin'
    ? '/Library/Application Support/ClaudeCode/managed-settings.json'
    : '/etc/claude-code/managed-settings.json'
}

/** Those that exist, the weakest first: a later one decides. */
export function readClaudeSettings({ folder, project, managed }: ClaudePlaces): readonly ClaudeSettings[] {
  const files = [
    join(folder, 'settings.json'),
    join(project, '.claude', 'settings.json'),
    join(project, '.claude', 'settings.local.json'),
    managed,
  ]
  // A project can be the home folder.
  return [...new Set(files)].flatMap((file) => readSettings(readJson(file), file, file === managed) ?? [])
}

/** What one file, or one value in its form, says; undefined when it is none. */
export function readSettings(json: unknown, file: string, isManaged: boolean): ClaudeSettings | undefined {
  const parsed = schema.safeParse(json)
  if (!parsed.success) return undefined
  const { channelsEnabled, crossSessionInbound, permissions, ...data } = parsed.data
  const permissionMode = permissions?.defaultMode
  return { file, isManaged, channelsEnabled, crossSessionInbound, permissionMode, ...data }
}

/** The environment of a session: what settings name wins over the shell. */
export function sessionEnvironment(shell: Environment, settings: readonly ClaudeSettings[]): Environment {
  return Object.assign({}, shell, ...settings.map(({ env }) => env))
}

/** The JSON in a file; undefined without one, or when it is none. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // Not there, not ours to read, or broken, of which Claude Code tells.
    return undefined
  }
}
