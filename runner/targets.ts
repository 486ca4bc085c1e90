/** The workspaces that a command line and a configuration mean together. Pure. */
import type { Config, ConfigResult, Target } from '../member/settings/config.ts'
import { SETTINGS } from '../member/settings/setting-table.ts'
import type { Environment } from '../member/settings/setting-text.ts'
import { type CommandLine, usage } from './command-line.ts'

/** The environment as the command line changes it. A token given for one workspace stands for that one alone. */
export function environmentFor(
  environment: Environment,
  { workspaceId, settings }: Pick<CommandLine, 'workspaceId' | 'settings'>,
  token: string | undefined,
): Environment {
  const own =
    token === undefined || workspaceId === undefined
      ? {}
      : {
          [SETTINGS.workspacesJson.name]: undefined,
          [SETTINGS.workspaceIds.name]: workspaceId,
          [SETTINGS.workspaceTokens.name]: token,
        }
  return { ...environment, ...settings, ...own }
}

/** @throws Ending with every sentence about what is wrong. */
export function chosenConfig(result: ConfigResult, workspaceId: string | undefined): Config {
  if (!result.ok) throw usage(result.problems.join('\n'))
  const { config } = result
  if (workspaceId === undefined) return config
  const targets = config.targets.filter((target: Target) => target.workspaceId === workspaceId)
  if (targets.length > 0) return { ...config, targets }
  const known = config.targets.map((target) => target.workspaceId).join(', ')
  throw usage(
    `The configuration has no workspace ${workspaceId}; it has ${known}. Give its token with --token-file.`,
  )
}
