/** Whether Claude Code has the plugin: enabled, its folder there, in the version of this clone. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type Check, fail, type Outcome, ok, warn } from '../../member/check/check.ts'
import { exists } from '../../member/folder/file-stat.ts'
import { type ClaudeSettings, readJson } from '../host/hearing/claude-settings.ts'

export interface PluginPlace {
  /** Claude Code's own folder. */
  readonly folder: string
  readonly settings: readonly ClaudeSettings[]
  /** This clone. */
  readonly root: string
  readonly version: string
}

interface PluginFacts {
  readonly isInstalled: boolean
  readonly isEnabled: boolean
  /** The folder that Claude Code reads it from; undefined when that cannot be told. */
  readonly readFrom: string | undefined
  readonly isThere: boolean
  /** The version in that folder. */
  readonly version: string | undefined
}

const MARKETPLACE = 'molecule-channel'
const PLUGIN = `molecule@${MARKETPLACE}`

const installedSchema = z.object({
  plugins: z.record(z.string(), z.array(z.object({ installPath: z.string() }))),
})
const marketplacesSchema = z.record(
  z.string(),
  z.object({ source: z.object({ source: z.string(), path: z.string().optional() }) }),
)
const marketplaceSchema = z.object({
  plugins: z.array(z.object({ name: z.string(), source: z.unknown() })),
})
const manifestSchema = z.object({ version: z.string() })

export function pluginCheck(place: PluginPlace): Check {
  return { name: 'plugin', needs: ['claude'], probe: () => judgePlugin(factsOf(place), place) }
}

/** For a session that is started with the folder of this clone, installed or not. */
export function ownPluginCheck({ root, version }: Pick<PluginPlace, 'root' | 'version'>): Check {
  const readFrom = join(root, 'dist', 'plugin')
  return {
    name: 'plugin',
    needs: ['claude'],
    probe: () =>
      versionIn(readFrom) === version
        ? ok(`${version} (${readFrom})`)
        : fail(`${readFrom} is not complete`, 'Run git checkout dist in the clone, or ./molecule build'),
  }
}

/** Pure. */
function judgePlugin(facts: PluginFacts, { root, version }: Pick<PluginPlace, 'root' | 'version'>): Outcome {
  const { isInstalled, isEnabled, readFrom, isThere } = facts
  const add = `claude plugin marketplace add "${root}"`
  if (!isInstalled) {
    return fail('Claude Code has not installed the plugin', `Run ${add} && claude plugin install ${PLUGIN}`)
  }
  if (!isEnabled) return fail('the plugin is installed and not enabled', `Run claude plugin enable ${PLUGIN}`)
  if (!isThere) {
    return fail(
      `Claude Code reads the plugin from ${readFrom}, which is gone: the clone has moved`,
      `Run ${add}`,
    )
  }
  if (facts.version !== version) {
    return warn(
      `Claude Code has version ${facts.version ?? 'unknown'} (${readFrom}), and this clone is ${version}`,
      `Run ${add} && claude plugin update ${PLUGIN}, then start Claude Code again`,
    )
  }
  return ok(`${version}, enabled (${readFrom})`)
}

function factsOf({ folder, settings }: PluginPlace): PluginFacts {
  const installed = installedSchema.safeParse(readJson(join(folder, 'plugins', 'installed_plugins.json')))
  const copy = installed.data?.plugins[PLUGIN]?.[0]?.installPath
  const enabled = settings.findLast(({ enabledPlugins }) => PLUGIN in enabledPlugins)?.enabledPlugins[PLUGIN]
  const readFrom = directoryOf(folder) ?? copy
  return {
    isInstalled: copy !== undefined,
    isEnabled: enabled !== undefined && enabled !== false,
    readFrom,
    isThere: readFrom !== undefined && exists(readFrom),
    version: readFrom === undefined ? undefined : versionIn(readFrom),
  }
}

function versionIn(folder: string): string | undefined {
  return manifestSchema.safeParse(readJson(join(folder, '.claude-plugin', 'plugin.json'))).data?.version
}

/** Of a marketplace that is a folder, Claude Code reads the plugin in place. */
function directoryOf(folder: string): string | undefined {
  const known = marketplacesSchema.safeParse(readJson(join(folder, 'plugins', 'known_marketplaces.json')))
  const { source, path } = known.data?.[MARKETPLACE]?.source ?? {}
  if (source !== 'directory' || path === undefined) return undefined
  const marketplace = marketplaceSchema.safeParse(readJson(join(path, '.claude-plugin', 'marketplace.json')))
  const within = marketplace.data?.plugins.find(({ name }) => name === 'molecule')?.source
  return typeof within === 'string' ? resolve(path, within) : path
}
