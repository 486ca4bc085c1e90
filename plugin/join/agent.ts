/** An agent by its name: its workspace on the platform, found or created. */
import type { PlatformClient } from '../../member/client/client.ts'
import {
  type Admission,
  createWorkspace,
  type ListedWorkspace,
  mintToken,
} from '../../member/client/operator.ts'
import { JoinFailure } from './failure.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** @throws JoinFailure for a name that is not fit for a folder. */
export function checkName(name: string): string {
  if (NAME.test(name)) return name
  throw new JoinFailure(
    `The name is ${JSON.stringify(name.slice(0, 80))}, but must consist of at most 64 letters, digits, - and _, and begin with a letter or digit: it becomes the name of a folder.`,
  )
}

/**
 * The workspace of this name.
 *
 * @throws JoinFailure when several have it.
 */
export function workspaceNamed(name: string, all: readonly ListedWorkspace[]): ListedWorkspace | undefined {
  const [first, ...others] = all.filter((workspace) => workspace.name === name)
  if (first === undefined || others.length === 0) return first
  const ids = [first, ...others].map(({ id }) => id)
  throw new JoinFailure(
    `${ids.length} workspaces are named ${name}: ${ids.join(', ')}. Rename or remove all but one, or choose another name.`,
  )
}

/** A new token for the workspace of this name, which is created if it is missing: below the team's lead, if there is one. */
export function admit(
  client: PlatformClient,
  name: string,
  found: ListedWorkspace | undefined,
  all: readonly ListedWorkspace[],
): Promise<Admission> {
  if (found !== undefined) return mintToken(client, found.id)
  const [root, ...others] = all.filter(({ parent_id }) => !parent_id)
  return createWorkspace(client, name, others.length === 0 ? root?.id : undefined)
}
