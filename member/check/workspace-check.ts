/** Whether the platform knows a workspace, and accepts its token. Neither look changes anything, not even presence. */

import { describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import { fetchPage } from '../client/activity.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import { lookUpWorkspace, type WorkspaceLookup } from '../client/workspace.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

type LookupFacts = WorkspaceLookup | { readonly state: 'error'; readonly error: unknown }

export interface WorkspaceNames {
  /** Ends the names of the checks of this workspace; empty where it is the only one. */
  readonly suffix: string
  readonly platform: string
  /** What to do about a refused token, if its origin says more than the refusal. */
  readonly tokenRemedy: string | undefined
}

export function workspaceChecks(client: PlatformClient, names: WorkspaceNames): readonly Check[] {
  const { workspaceId } = client.endpoint
  const { suffix, platform, tokenRemedy } = names
  const name = `workspace${suffix}`
  return [
    {
      name,
      needs: [platform],
      probe: async () =>
        judgeWorkspace(
          workspaceId,
          await lookUpWorkspace(client).catch((error: unknown) => ({ state: 'error' as const, error })),
        ),
    },
    {
      name: `token${suffix}`,
      needs: [platform, name],
      probe: () =>
        fetchPage(client, { limit: 1 }).then(
          () => ok('accepted'),
          (error: unknown) => judgeRefusal(workspaceId, error, tokenRemedy),
        ),
    },
  ]
}

/** Pure. */
function judgeWorkspace(workspaceId: string, facts: LookupFacts): Outcome {
  if (facts.state === 'error') {
    const { error } = facts
    // Some platforms do not show a workspace to everyone.
    const isHidden = error instanceof PlatformError && error.kind !== 'retry'
    if (isHidden) return ok(`${workspaceId}: the platform shows no workspace without its token`)
    return fail(`${workspaceId} cannot be looked up: ${describeError(error)}`, 'Try again later')
  }
  if (facts.state !== 'present') return gone(facts.message)
  const { status, name } = facts.info
  const who = `${name == null ? 'without a name' : `"${plainText(name, 100)}"`} (${workspaceId})`
  if (status === 'paused') {
    return fail(`${who} is paused on the platform, so messages may not arrive`, 'Resume it on the platform')
  }
  if (status === 'hibernated' || status === 'hibernating') {
    return warn(`${who} is ${status} on the platform`, 'Resume it on the platform, or write to it')
  }
  return ok(`${who}, ${plainText(status ?? 'of unknown status', 40)}`)
}

/** The platform's own sentence, or ours: what happened, and then what to do. */
function gone(message: string): Outcome {
  const at = message.indexOf('. ')
  const [says, remedy] = at < 0 ? [message, ''] : [message.slice(0, at), message.slice(at + 2)]
  return fail(
    says.replace(/\.$/, ''),
    remedy.replace(/\.$/, '') || 'Check the id of the workspace, or create a new one on the platform',
  )
}

/** What a failed look with the token means. Pure. */
function judgeRefusal(workspaceId: string, error: unknown, remedy: string | undefined): Outcome {
  if (error instanceof PlatformError && error.kind === 'gone') {
    return fail(
      `the platform refuses the token of workspace ${workspaceId}`,
      remedy ?? 'Create a new one on the platform, and put it into the settings (/molecule:configure)',
    )
  }
  return fail(`the inbox cannot be read: ${describeError(error)}`, 'Try again later, or look at the platform')
}
