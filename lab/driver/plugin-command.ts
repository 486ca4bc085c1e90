/** How a host starts the plugin: the command and the environment that its manifest gives. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

export const PLUGIN_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** The plugin's name in its marketplace, and the channel's on the host's command line. */
export const PLUGIN = 'molecule@molecule-channel'
export const CHANNEL = `plugin:${PLUGIN}`

const manifestSchema = z.object({
  mcpServers: z.object({
    molecule: z.object({
      command: z.string(),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string()),
    }),
  }),
})

function serverEntry(): z.infer<typeof manifestSchema>['mcpServers']['molecule'] {
  const manifest: unknown = JSON.parse(readFileSync(`${PLUGIN_ROOT}/.claude-plugin/plugin.json`, 'utf8'))
  return manifestSchema.parse(manifest).mcpServers.molecule
}

/**
 * The command line that the host would run, with the plugin's folder filled in.
 *
 * @param script runs in place of the file that the manifest names.
 */
export function pluginCommand(script?: string): readonly string[] {
  const entry = serverEntry()
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of the host
  const args = entry.args.map((text) => text.replaceAll('${CLAUDE_PLUGIN_ROOT}', PLUGIN_ROOT))
  // The Bun that runs this code: a machine may have none on its PATH.
  const command = entry.command === 'bun' ? process.execPath : entry.command
  return [command, ...(script === undefined ? args : [...args.slice(0, -1), script])]
}

/** The environment that the host passes on: its own, with the user's settings, and over both the entry's. */
export function pluginEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([key, value]) =>
    value === undefined || /^(MOLECULE_|CLAUDE|DISABLE_|DO_NOT_TRACK$)/.test(key)
      ? []
      : [[key, value] as const],
  )
  return {
    ...Object.fromEntries(inherited),
    // Whoever runs this stands in for a host that listens, which otherwise only its command line would show.
    MOLECULE_CHANNEL: 'on',
    ...settings,
    CLAUDE_PLUGIN_ROOT: PLUGIN_ROOT,
    ...serverEntry().env,
  }
}
