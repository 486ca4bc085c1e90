/** What a plugin and a runner need alike, in the order in which one thing hangs on another. */
import type { PlatformClient } from '../client/client.ts'
import type { StatePaths } from '../folder/state-folder.ts'
import type { Target } from '../settings/config.ts'
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

export interface PlatformsSetUp extends PlatformPlace {
  /** Those that are meant; empty while the settings are not valid. */
  readonly targets: readonly Target[]
  readonly clientOf: (target: Target) => PlatformClient
  /** Where each value comes from that is set. Only those of the environment matter. */
  readonly origins: readonly SettingOrigin[]
}

export interface SetUp
  extends Omit<PlatformsSetUp, 'targets' | 'origins'>,
    ProxyPlace,
    Omit<ReceiverPlace, 'locks'> {
  readonly paths: StatePaths
  /** Folders whose folders may be state folders. */
  readonly neighbours: readonly string[]
  readonly settings: SettingsFacts
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
    ...(targets.length === 0 ? unknownChecks() : ofPlatforms(setUp)),
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

function ofPlatforms(setUp: SetUp): readonly Check[] {
  const { targets, origins } = setUp.settings
  return [proxyCheck(setUp, platformsOf(targets)), ...platformsChecks({ ...setUp, targets, origins })]
}

function unknownChecks(): readonly Check[] {
  return UNKNOWN.map((name) => ({ name, needs: ['settings'], probe: () => ok('') }))
}

/** Whether the platforms answer, know the workspaces, and accept their tokens. */
export function platformsChecks(setUp: PlatformsSetUp): readonly Check[] {
  const { targets, clientOf } = setUp
  const urls = platformsOf(targets)
  const suffixOf = (url: string): string => (urls.length === 1 ? '' : ` ${url}`)
  const tokenRemedy = remedyByOrigin(setUp.origins)
  const setting = addressSetting(setUp.origins)
  return [
    ...urls.flatMap((url) => {
      const port = portCheck(url, suffixOf(url))
      return [...platformChecks(setUp, url, suffixOf(url), setting), ...(port === undefined ? [] : [port])]
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

function platformsOf(targets: readonly Target[]): readonly string[] {
  return [...new Set(targets.map(({ platformUrl }) => platformUrl))]
}

function ofOne({ workspaceId }: Target, targets: readonly Target[]): string {
  return targets.length === 1 ? '' : ` ${workspaceId}`
}

/** Where the address is set: that of the environment is easily overlooked. */
function addressSetting(origins: readonly SettingOrigin[]): string {
  const { workspacesJson, platformUrls, platformUrl } = SETTINGS
  const origin = firstOf(origins, workspacesJson.name, platformUrls.name, platformUrl.name)
  return `${origin?.name ?? platformUrl.name}${origin?.from === 'environment' ? ` of ${origin.setBy ?? 'the environment'}` : ''}`
}

function firstOf(origins: readonly SettingOrigin[], ...names: readonly string[]): SettingOrigin | undefined {
  return names.flatMap((name) => origins.find((origin) => origin.name === name) ?? [])[0]
}

/** A token of the environment is easily overlooked: people correct the file, and nothing changes. */
function remedyByOrigin(origins: readonly SettingOrigin[]): string | undefined {
  const { workspacesJson, workspaceTokens } = SETTINGS
  const origin = firstOf(origins, workspacesJson.name, workspaceTokens.name)
  if (origin?.from !== 'environment') return undefined
  const { name, setBy } = origin
  const unset = setBy === undefined ? `Unset ${name}` : `Remove ${name} from ${setBy}`
  return `${unset}, which overrides the .env file, or give it a new token of the workspace; then start again`
}
