/** Registering as a workspace, and finding out who else is there. */
import { z } from 'zod'
import { isUuid, type PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { issuedSecret } from './issued-secret.ts'

export interface AgentCard {
  readonly name: string
  readonly description: string
  readonly version: string
}

/** Secrets a platform hands out in an answer. They are kept on disk and never printed. */
export interface IssuedSecrets {
  readonly authToken?: string
  readonly inboundSecret?: string
}

export interface Registration {
  /** What the platform says the mode is; absent on platforms that do not know delivery modes. */
  readonly deliveryMode: string | null
  readonly secrets: IssuedSecrets
}

const text = z.string().nullish().catch(null)
const registrationSchema = z.object({
  delivery_mode: text,
  auth_token: issuedSecret,
  platform_inbound_secret: issuedSecret,
})

/**
 * Registers in poll mode. The mode is always sent: without it a new external workspace counts as push and is refused.
 *
 * @throws PlatformError
 */
export async function register(
  client: PlatformClient,
  card: AgentCard,
  signal?: AbortSignal,
): Promise<Registration> {
  const answer = await client.json(
    {
      path: '/registry/register',
      body: { id: client.endpoint.workspaceId, delivery_mode: 'poll', agent_card: card },
      ...(signal === undefined ? {} : { signal }),
    },
    registrationSchema,
  )
  return {
    deliveryMode: answer.delivery_mode ?? null,
    secrets: {
      ...(answer.auth_token ? { authToken: answer.auth_token } : {}),
      ...(answer.platform_inbound_secret ? { inboundSecret: answer.platform_inbound_secret } : {}),
    },
  }
}

const peerSchema = z.object({
  id: z.string(),
  name: text,
  role: text,
  status: text,
})
export type Peer = z.infer<typeof peerSchema>

/**
 * The workspaces this one may talk to. The platform's own filter is not used: it fails on peers without a role.
 *
 * @throws PlatformError
 */
export async function listPeers(client: PlatformClient, signal?: AbortSignal): Promise<readonly Peer[]> {
  const { workspaceId } = client.endpoint
  if (!isUuid(workspaceId)) throw new PlatformError('refused', `"${workspaceId}" is not a workspace id`)
  const rows = await client.json(
    {
      path: `/registry/${workspaceId}/peers`,
      attempts: 3,
      ...(signal === undefined ? {} : { signal }),
    },
    z.array(z.unknown()),
  )
  return rows.flatMap((row) => {
    const peer = peerSchema.safeParse(row)
    return peer.success ? [peer.data] : []
  })
}
