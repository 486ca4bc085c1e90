/** Which peer a call means: by workspace id, or by a name that only one peer has. */
import type { PlatformClient } from '../../../member/client/client.ts'
import { listPeers } from '../../../member/client/registry.ts'
import { isUuid } from '../../../member/client/workspace-path.ts'
import { cleanName } from '../text/clean-text.ts'
import { ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

/**
 * The workspace id of a peer.
 *
 * @throws ToolFailure when `wanted` is neither an id nor the name of exactly one peer; PlatformError when the peers cannot
 *   be listed.
 */
async function findPeer(client: PlatformClient, wanted: string, signal: AbortSignal): Promise<string> {
  const text = wanted.trim().toLowerCase()
  if (isUuid(text)) return text
  const named = (await listPeers(client, signal)).filter(({ name }) => name?.trim().toLowerCase() === text)
  const [only] = named
  if (only !== undefined && named.length === 1 && isUuid(only.id)) return only.id.toLowerCase()
  const why =
    named.length === 0
      ? 'is neither the workspace id nor the name of a peer'
      : `is the name of ${named.length} peers: give the workspace id`
  throw new ToolFailure(`"${cleanName(wanted)}" ${why}. list_peers shows who can be reached.`)
}

/**
 * As {@link findPeer}, and never this workspace itself.
 *
 * @throws as {@link findPeer}; ToolFailure when the peer is the workspace that asks.
 */
export async function findTaskPeer(
  client: PlatformClient,
  wanted: string,
  signal: AbortSignal,
): Promise<string> {
  const peerId = await findPeer(client, wanted, signal)
  if (peerId !== client.endpoint.workspaceId) return peerId
  throw new ToolFailure('A workspace cannot delegate to itself. Choose a peer from list_peers.')
}

/**
 * As {@link findPeer}, for a message that is not a reply. Only a peer of this workspace, or a workspace that has written
 * to it, may be addressed, so an id that some text made up is refused.
 *
 * @throws as {@link findPeer}; ToolFailure when the id is neither.
 */
export async function findCorrespondent(
  client: PlatformClient,
  wanted: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<string> {
  const peerId = await findPeer(client, wanted, signal)
  if (context.ledger()?.inbox.hasWritten(client.endpoint.workspaceId, peerId) === true) return peerId
  if ((await listPeers(client, signal)).some(({ id }) => id.toLowerCase() === peerId)) return peerId
  throw new ToolFailure(
    `"${cleanName(wanted)}" has never written to this workspace and is not one of its peers, so nothing was sent. list_peers shows who can be reached.`,
  )
}
