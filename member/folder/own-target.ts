/** The `.env` of a program that serves one workspace: what it names, and how another takes its place. */
import type { Target } from '../settings/config.ts'
import { SETTINGS } from '../settings/setting-table.ts'
import { joinSources } from '../settings/setting-text.ts'
import { hasTargets, readTargets } from '../settings/targets.ts'
import { readEnvFile } from './env-file.ts'
import { changeEnvFile } from './env-file-change.ts'
import type { StatePaths } from './state-folder.ts'

/**
 * The workspace that the file names; undefined when it names none.
 *
 * @throws Error with a sentence, when only a person can change what it says. The sentence quotes no token.
 */
export function readOwnTarget({ envFile }: StatePaths): Target | undefined {
  const file = readEnvFile(envFile)
  if (file.state === 'unreadable') throw new Error(`${file.reason}.`)
  if (file.state === 'absent') return undefined
  const lookup = joinSources({}, file.text)
  if (!hasTargets(lookup)) return undefined
  // Its value may span several lines, so no line of it can be replaced.
  const { name: json } = SETTINGS.workspacesJson
  if (lookup(json) !== undefined) throw new Error(`${envFile} sets ${json}: change it there by hand.`)
  const { targets, problems } = readTargets(lookup)
  const [target, ...others] = targets
  if (others.length > 0) throw new Error(`${envFile} names ${targets.length} workspaces: change it by hand.`)
  if (target === undefined) throw new Error(`${envFile} is not valid: ${problems.join(' ')}`)
  return target
}

/**
 * Without an organization, that of the file stays: it belongs to the platform more than to the workspace.
 *
 * @throws the file system's error.
 */
export function writeOwnTarget(paths: StatePaths, target: Target): void {
  const { platformUrl, workspaceId, token, orgId } = target
  changeEnvFile(paths, {
    [SETTINGS.platformUrls.name]: undefined,
    [SETTINGS.platformUrl.name]: platformUrl,
    [SETTINGS.workspaceIds.name]: workspaceId,
    [SETTINGS.workspaceTokens.name]: token,
    ...(orgId === undefined ? {} : { [SETTINGS.orgId.name]: orgId }),
  })
}
