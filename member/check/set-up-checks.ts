/** What a plugin and a runner need alike, in the order in which one thing hangs on another. */
import type { PlatformClient } from '../client/client.ts'
import type { StatePaths } from '../folder/state-folder.ts'
import type { Environment, Target } from '../settings/config.ts'
import type { SettingOrigin } from '../settings/setting-origins.ts'
import { SETTINGS } from '../settings/setting-table.ts'
import { type Check, ok } from './check.ts'
import { logCheck } from './log-check.ts'
import { type PlatformPlace, platformChecks } from './platform-check.ts'
import { portCheck } from './port-check.ts'
import { type ProxyPlace, proxyCheck } from './proxy-check.ts'
import { type Expected, type ReceiverPlace, receiverCheck } from './receiver-check.ts'
import { secondFolderCheck } from './second-folder-check.ts'
import { type SettingsFacts, settingsChecks } from './settings-check.ts'
import { stateFolderCheck } from './state-folder-check.ts'
import { workspaceChecks } from './workspace-check.ts'

export interface SetUp extends PlatformPlace, ProxyPlace, Omit<ReceiverPlace, 'locks'> {
  readonly paths: StatePaths
  /** Folders whose folders may be state folders. */
  readonly neighbours: readonly string[]
  readonly settings: SettingsFacts
  readonly environment: Environment
  readonly clientOf: (target: Target) => PlatformClient
  readonly expected: Expected
}

/** What cannot be checked while the settings name no workspace. */
const UNKNOWN = ['platform', 'workspace', 'token', 'receiver'] as const

export function setUpChecks(setUp: SetUp): readonly Check[] {
  const { paths, disk, settings, clock } = setUp
  const { targets } = settings
  return [
    stateFolderCheck(paths, disk),
    ...settingsChecks(settings),
    secondFolderCheck({ folder: paths.folder, parents: setUp.neighbours, disk }, targets),
    ...platformsChecks(setUp),
    ...platformsChecks(setUp),
    ...targets.map((target) =>
      receiverCheck(
        { ...setUp, locks: paths.locks },
        target.workspaceId,
        ofOne(target, targets),
        setUp.expected,
      ),
    ),
    logCheck(paths.logFile, clock),
  ]
}

/** Whether the platforms answer, know the workspaces, and accept their tokens. */
function platformsChecks(setUp: SetUp): readonly Check[] {
  const { settings, clientOf } = setUp
  const { targets } = settings
  const urls = [...new Set(targets.map(({ platformUrl }) => platformUrl))]
  const suffixOf = (url: string): string => (urls.length === 1 ? '' : ` ${url}`)
  if (targets.length === 0) return UNKNOWN.map((name) => ({ name, needs: ['settings'], probe: () => ok('') }))
  const tokenRemedy = remedyByOrigin(settings.origins)
  return [
    proxyCheck(setUp, urls),
    ...urls.flatMap((url) => {
      const port = portCheck(url, suffixOf(url))
      return [...platformChecks(setUp, url, suffixOf(url)), ...(port === undefined ? [] : [port])]
    }),
    ...targets.flatMap((target) =>
      workspaceChecks(clientOf(target), {
        suffix: ofOne(target, targets),
        platform: `platform${suffixOf(target.platformUrl)}`,
        tokenRemedy,
      }),
    ),
  ]
}

function ofOne({ workspaceId }: Target, targets: readonly Target[]): string {
  return targets.length === 1 ? '' : ` ${workspaceId}`
}

/** A token of the environment is easily overlooked: people correct the file, and nothing changes. */
function remedyByOrigin(origins: readonly SettingOrigin[]): string | undefined {
  const { workspacesJson, workspaceTokens } = SETTINGS
  const origin =
    origins.find(({ name }) => name === workspacesJson.name) ??
    origins.find(({ name }) => name === workspaceTokens.name)
  return origin?.from === 'environment'
    ? `Unset ${origin.name}, which overrides the .env file, or give it a new token of the workspace; then start again`
    : undefined
}
