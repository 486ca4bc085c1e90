/** `./molecule join NAME`: gives a session on this machine a workspace of the local platform. */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { fetchPage } from '../../member/client/activity.ts'
import { PlatformClient } from '../../member/client/client.ts'
import { PlatformError } from '../../member/client/errors.ts'
import { type ListedWorkspace, listWorkspaces } from '../../member/client/operator.ts'
import { readEnvFile } from '../../member/folder/env-file.ts'
import { changeEnvFile } from '../../member/folder/env-file-change.ts'
import { readOwnTarget, writeOwnTarget } from '../../member/folder/own-target.ts'
import { type StatePaths, statePaths } from '../../member/folder/state-folder.ts'
import { type Environment, namedStateDir, type Target } from '../../member/settings/config.ts'
import { parseEnvText } from '../../member/settings/env-file-text.ts'
import { admit, workspaceNamed } from './agent.ts'
import { JoinFailure } from './failure.ts'
import { shellWord } from './shell-word.ts'
import { RECEIVES } from './start-command.ts'

export interface Joined {
  readonly workspaceId: string
  readonly paths: StatePaths
  /** What this call did. */
  readonly did: 'nothing' | 'configured' | 'created'
}

export interface Joining {
  /** The platform, as its operator sees it. */
  readonly operator: PlatformClient
  readonly name: string
  readonly environment: Environment
  readonly home: string | undefined
  readonly network: typeof fetch
  readonly clock: Clock
}

/**
 * Repeats nothing that is done: a folder whose token the platform accepts stays as it is.
 *
 * @throws JoinFailure, or PlatformError when the platform refuses.
 */
export async function join(joining: Joining): Promise<Joined> {
  const { operator, name, environment, home } = joining
  const paths = statePaths(namedStateDir(environment, home, name))
  const held = targetIn(paths)
  const all = await listWorkspaces(operator)
  const found = held === undefined ? workspaceNamed(name, all) : ownWorkspace(paths, held, name, all)
  const { platformUrl } = operator.endpoint
  if (held?.platformUrl === platformUrl && (await isAccepted(held, joining))) {
    letReceive(paths)
    return { workspaceId: held.workspaceId, paths, did: 'nothing' }
  }
  const { id, token } = await admit(operator, name, found, all)
  writeOwnTarget(paths, { workspaceId: id, token, platformUrl })
  letReceive(paths)
  return { workspaceId: id, paths, did: found === undefined ? 'created' : 'configured' }
}

/** Whoever runs this wants the session to receive. A setting that is there already stays. */
function letReceive(paths: StatePaths): void {
  const file = readEnvFile(paths.envFile)
  const { name, value } = RECEIVES
  if (file.state === 'read' && parseEnvText(file.text)[name] === undefined)
    changeEnvFile(paths, { [name]: value })
}

/** @throws JoinFailure when the folder is configured in a way that a person has to change. */
function targetIn(paths: StatePaths): Target | undefined {
  try {
    return readOwnTarget(paths)
  } catch (error) {
    throw new JoinFailure(`${describeError(error)} Or choose another name.`)
  }
}

/**
 * The workspace on this platform that the folder belongs to: its record of messages is of no use to another one.
 *
 * @throws JoinFailure when it belongs to another.
 */
function ownWorkspace(
  { folder }: StatePaths,
  held: Target,
  name: string,
  all: readonly ListedWorkspace[],
): ListedWorkspace {
  const own = all.find(({ id }) => id === held.workspaceId)
  const remedy = `choose another name, or move the folder away: mv ${shellWord(folder)} ${shellWord(`${folder}.old`)}`
  if (own === undefined) {
    throw new JoinFailure(
      `${folder} belongs to workspace ${held.workspaceId} at ${held.platformUrl}, which this platform does not have: ${remedy}`,
    )
  }
  if (own.name === name) return own
  throw new JoinFailure(
    `${folder} belongs to the workspace ${JSON.stringify(own.name)} (${own.id}): ${remedy}`,
  )
}

async function isAccepted(target: Target, { network, clock }: Joining): Promise<boolean> {
  try {
    await fetchPage(new PlatformClient(target, { network, clock }), { limit: 1 })
    return true
  } catch (error) {
    if (error instanceof PlatformError && error.kind !== 'retry') return false
    throw error
  }
}
