/** The workspaces that a command line and a configuration mean together. Pure. */
import { plainText } from '../base/plain-text.ts'
import type { Config, ConfigResult, Target } from '../member/settings/config.ts'
import { SETTINGS } from '../member/settings/setting-table.ts'
import type { Environment } from '../member/settings/setting-text.ts'
import { type CommandLine, usage } from './command-line.ts'

/** The settings that the command line gives. A token given for one workspace stands for that one alone. */
export function givenSettings(
  { workspaceId, settings }: Pick<CommandLine, 'workspaceId' | 'settings'>,
  token: string | undefined,
): Environment {
  if (token === undefined || workspaceId === undefined) return settings
  return {
    ...settings,
    [SETTINGS.workspacesJson.name]: undefined,
    [SETTINGS.workspaceIds.name]: workspaceId,
    [SETTINGS.workspaceTokens.name]: token,
  }
}

/**
 * @param envFile where settings may stand.
 * @throws Ending with every sentence about what is wrong.
 */
export function chosenConfig(result: ConfigResult, workspaceId: string | undefined, envFile: string): Config {
  if (!result.ok) throw usage(result.isMissing ? missing(workspaceId, envFile) : result.problems.join('\n'))
  const { config } = result
  if (workspaceId === undefined) return config
  const targets = config.targets.filter((target: Target) => target.workspaceId === workspaceId)
  if (targets.length > 0) return { ...config, targets }
  const known = config.targets.map((target) => target.workspaceId).join(', ')
  throw usage(
    `The configuration has no workspace ${workspaceId}; it has ${known}. Give its token with --token-file.`,
  )
}

function missing(workspaceId: string | undefined, envFile: string): string {
  const file = plainText(envFile, 500)
  if (workspaceId !== undefined) {
    return `There is no token for workspace ${workspaceId}: give it with --token-file FILE, in MOLECULE_WORKSPACE_TOKEN, or in ${file}.`
  }
  return `No workspace is configured: give its id and --token-file FILE, or set ${SETTINGS.workspaceIds.name}, ${SETTINGS.workspaceTokens.name} and ${SETTINGS.platformUrl.name} in ${file}.`
}
