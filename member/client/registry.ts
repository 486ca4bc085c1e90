/** The platform's registry: registering a workspace, and listing its peers. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalText } from './fields.ts'
import { type IssuedSecrets, issuedSecretsSchema } from './issued-secrets.ts'
import { fetchList } from './list.ts'
import { isUuid } from './workspace-path.ts'

export interface AgentCard {
  readonly name: string
  readonly description: string
  readonly version: string
}

export interface Registration {
  /** As the platform has it; null on platforms that do not know delivery modes. */
  readonly deliveryMode: string | null
  readonly secrets: IssuedSecrets
}

// An answer without a status was not written by a registry.
const registeredSchema = z.object({ status: z.string(), delivery_mode: optionalText })

/**
 * Registers in poll mode. Always sends the mode: without it a new external workspace counts as push and is refused.
 *
 * @throws PlatformError
 */
export async function register(
  client: PlatformClient,
  card: AgentCard,
  signal?: AbortSignal,
): Promise<Registration> {
  const {
    status: _,
    delivery_mode: deliveryMode = null,
    ...secrets
  } = await client.json(
    {
      path: '/registry/register',
      body: { id: client.endpoint.workspaceId, delivery_mode: 'poll', agent_card: card },
      signal,
    },
    registeredSchema.and(issuedSecretsSchema),
  )
  return { deliveryMode, secrets }
}

const peerSchema = z.object({
  id: z.string(),
  name: optionalText,
  role: optionalText,
  status: optionalText,
})
export type Peer = z.infer<typeof peerSchema>
/** One whose agent card is too large to read can still be written to. */
const oversizedPeerSchema = z
  .object({ oversized: z.literal(true), id: z.string() })
  .transform(({ id }): Peer => ({ id, name: null, role: null, status: null }))

/**
 * The workspaces this one may talk to. Does not use the platform's own filter, which fails on peers without a role.
 *
 * @throws PlatformError
 */
export async function listPeers(client: PlatformClient, signal?: AbortSignal): Promise<readonly Peer[]> {
  const { workspaceId } = client.endpoint
  if (!isUuid(workspaceId)) throw new PlatformError('refused', `"${workspaceId}" is not a workspace id`)
  const { items } = await fetchList(
    client,
    {
      path: `/registry/${workspaceId}/peers`,
      attempts: 3,
      signal,
    },
    peerSchema.or(oversizedPeerSchema),
  )
  return items
}
