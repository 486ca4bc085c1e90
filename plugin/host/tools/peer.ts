/** Which peer a call means: by its workspace id, or by a name that only one peer has. */
import { isUuid, type PlatformClient } from '../../../member/client/client.ts'
import { listPeers } from '../../../member/client/registry.ts'
import { safeName } from '../event/notification.ts'
import { failure, type Outcome, type ToolContext } from './tool.ts'

export type FoundPeer =
  | { readonly ok: true; readonly peerId: string }
  | { readonly ok: false; readonly outcome: Outcome }

/**
 * Finds the id of a peer.
 *
 * @throws PlatformError when a name was given and the peers cannot be listed.
 */
export async function findPeer(
  client: PlatformClient,
  wanted: string,
  signal: AbortSignal,
): Promise<FoundPeer> {
  const text = wanted.trim().toLowerCase()
  if (isUuid(text)) return { ok: true, peerId: text }
  const named = (await listPeers(client, signal)).filter(({ name }) => name?.trim().toLowerCase() === text)
  const [only] = named
  if (only !== undefined && named.length === 1 && isUuid(only.id))
    return { ok: true, peerId: only.id.toLowerCase() }
  const why =
    named.length === 0
      ? 'is neither the workspace id nor the name of a peer'
      : `is the name of ${named.length} peers: give the workspace id`
  return { ok: false, outcome: failure(`"${safeName(wanted)}" ${why}. list_peers shows who can be reached.`) }
}

/**
 * As {@link findPeer}, for a reply. It goes to somebody who wrote, or who could: an id that a text made up is neither.
 *
 * @throws PlatformError when the peers have to be listed and cannot be.
 */
export async function findCorrespondent(
  client: PlatformClient,
  wanted: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<FoundPeer> {
  const found = await findPeer(client, wanted, signal)
  if (!found.ok) return found
  const { peerId } = found
  if (context.ledger()?.inbox.hasWritten(client.endpoint.workspaceId, peerId) === true) return found
  if ((await listPeers(client, signal)).some(({ id }) => id.toLowerCase() === peerId)) return found
  return {
    ok: false,
    outcome: failure(
      `"${safeName(wanted)}" has never written to this workspace and is not one of its peers, so nothing was sent. list_peers shows who can be reached.`,
    ),
  }
}
