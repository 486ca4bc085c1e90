/** What the operator of a platform does: look for workspaces, create one, mint a token for one. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { workspacePath } from './workspace-path.ts'

const idSchema = z.guid().toLowerCase()
const tokenSchema = z.string().regex(/^[\x21-\x7e]+$/)
const listSchema = z.array(
  z.object({ id: idSchema, name: z.string(), parent_id: z.string().nullish().catch(null) }),
)
const createdSchema = z.object({ id: idSchema, connection: z.object({ auth_token: tokenSchema }) })
const mintedSchema = z.object({ auth_token: tokenSchema })

export type ListedWorkspace = z.infer<typeof listSchema>[number]

/** A workspace's id, and a token that is shown nowhere else. */
export interface Admission {
  readonly id: string
  readonly token: string
}

/** @throws {@link PlatformError} */
export function listWorkspaces(client: PlatformClient): Promise<readonly ListedWorkspace[]> {
  return client.json({ path: '/workspaces', attempts: 2 }, listSchema)
}

/**
 * Creates a workspace that fetches its messages.
 *
 * @param parentId of which it becomes a child, so that both, and its other children, may talk.
 * @throws {@link PlatformError}
 */
export async function createWorkspace(
  client: PlatformClient,
  name: string,
  parentId: string | undefined,
): Promise<Admission> {
  const body = { name, external: true, runtime: 'external', delivery_mode: 'poll', parent_id: parentId }
  const { id, connection } = await client.json({ method: 'POST', path: '/workspaces', body }, createdSchema)
  return { id, token: connection.auth_token }
}

/** @throws {@link PlatformError} */
export async function mintToken(client: PlatformClient, id: string): Promise<Admission> {
  const call = { method: 'POST', path: `/admin${workspacePath(id, '/tokens')}` } as const
  return { id, token: (await client.json(call, mintedSchema)).auth_token }
}
