/** One-time codes, by which a session on another machine gets a token. Not part of the hosted contract. */
import { z } from 'zod'
import { isUuid } from '../base/random.ts'
import { readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { isoTimestamp } from '../base/timestamp.ts'
import { cameInPrivate } from '../http/origin.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import { MAX_LIVE_TOKENS } from '../store/tokens.ts'

const redemptionSchema = wire.struct({ code: z.string().max(100) })

export const inviteRoutes: readonly Route[] = [
  { method: 'POST', path: '/admin/workspaces/:id/invite-codes', gate: 'admin', handle: create },
  { method: 'POST', path: '/invite-codes/redeem', gate: 'open', handle: redeem },
]

function create({ inviteCodes, workspaces }: Services, call: Call): Response {
  const id = call.param('id')
  if (!isUuid(id)) throw refuse(400, 'invalid workspace id')
  workspaces.require(id)
  const { code, expiresAt } = inviteCodes.create(id)
  return json({ code, expires_at: isoTimestamp(expiresAt) }, 201)
}

async function redeem({ inviteCodes, tokens, workspaces }: Services, call: Call): Promise<Response> {
  if (!cameInPrivate(call.request.headers, call.address)) {
    throw refuse(403, 'invite codes are taken over TLS, or from this machine, and nowhere else')
  }
  const { code } = await readJson(call, redemptionSchema)
  const id = inviteCodes.redeem(code)
  // One answer for every kind of wrong code: it helps nobody to guess.
  if (id === undefined) throw refuse(403, 'this invite code is wrong, used or too old; ask for a new one')
  const { name } = workspaces.require(id)
  if (tokens.countLive(id) >= MAX_LIVE_TOKENS) {
    throw refuse(429, `maximum ${MAX_LIVE_TOKENS} active tokens per workspace`)
  }
  return json({ workspace_id: id, name, auth_token: tokens.mint(id, 'api') }, 201)
}
