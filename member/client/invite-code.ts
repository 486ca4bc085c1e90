/** Codes by which a session on another machine gets a token: made by a platform's operator, used once. */
import { z } from 'zod'
import type { Target } from '../settings/config.ts'
import { platformUrlSchema } from '../settings/platform-url.ts'
import type { PlatformClient } from './client.ts'
import { workspacePath } from './workspace-path.ts'

const codeSchema = z.object({ code: z.string().regex(/^[0-9A-Z-]{4,40}$/) })

/** @throws {@link PlatformError} */
export async function createInviteCode(operator: PlatformClient, workspaceId: string): Promise<string> {
  const path = `/admin${workspacePath(workspaceId, '/invite-codes')}`
  return (await operator.json({ method: 'POST', path }, codeSchema)).code
}

/** What a person passes on: the address of the platform, and the code in the fragment, which no request carries. */
export function inviteText(platformUrl: string, code: string): string {
  return `${platformUrl}#${code}`
}

export interface Invite {
  readonly platformUrl: string
  readonly code: string
}

const inviteSchema = z
  .string()
  .regex(/^\S+#[0-9A-Za-z-]{4,40}$/, 'must be an address, a # and a code: copy all of it')
  .transform((text) => ({
    url: text.slice(0, text.lastIndexOf('#')),
    code: text.slice(text.lastIndexOf('#') + 1),
  }))
  .pipe(z.object({ url: platformUrlSchema, code: z.string() }))
  .transform(({ url, code }): Invite => ({ platformUrl: url, code }))

/** @throws Error with a sentence, when it is none, or its address is not safe for a token. */
export function parseInvite(text: string): Invite {
  const parsed = inviteSchema.safeParse(text.trim())
  if (parsed.success) return parsed.data
  throw new Error(`The invite code ${parsed.error.issues[0]?.message ?? 'is not valid'}.`)
}

const redeemedSchema = z.object({
  workspace_id: z.guid().toLowerCase(),
  auth_token: z.string().regex(/^[\x21-\x7e]+$/),
})

/**
 * Exchanges a code for a token, which can be done once.
 *
 * @throws {@link PlatformError}
 */
export async function redeemInvite(client: PlatformClient, code: string): Promise<Target> {
  const call = { method: 'POST', path: '/invite-codes/redeem', body: { code } } as const
  const { workspace_id, auth_token } = await client.json(call, redeemedSchema)
  return { workspaceId: workspace_id, token: auth_token, platformUrl: client.endpoint.platformUrl }
}
