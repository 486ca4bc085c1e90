/** Listing, minting and revoking a workspace's tokens. */
import { isUuid } from '../base/random.ts'
import { json, refuse } from '../base/response.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import { MAX_LIVE_TOKENS } from '../store/tokens.ts'

const MAX_PAGE = 200
const DEFAULT_PAGE = 50

export const tokenRoutes: readonly Route[] = [
  { method: 'GET', path: '/workspaces/:id/tokens', gate: 'workspace', handle: list },
  { method: 'POST', path: '/workspaces/:id/tokens', gate: 'workspace', handle: mint },
  { method: 'DELETE', path: '/workspaces/:id/tokens/:tokenId', gate: 'workspace', handle: revoke },
  { method: 'POST', path: '/admin/workspaces/:id/tokens', gate: 'admin', handle: mint },
  { method: 'GET', path: '/admin/workspaces/:id/test-token', gate: 'admin', handle: testToken },
]

function list(services: Services, call: Call): Response {
  const query = call.url.searchParams
  const limit = Math.min(count(query.get('limit'), DEFAULT_PAGE), MAX_PAGE)
  const tokens = services.tokens.list(call.param('id'), limit, count(query.get('offset'), 0))
  return json({ tokens, count: tokens.length })
}

function mint(services: Services, call: Call): Response {
  const minted = mintFor(services, call)
  return json({ ...minted, message: 'Save this token now. It will not be shown again.' }, 201)
}

function testToken(services: Services, call: Call): Response {
  return json(mintFor(services, call))
}

function mintFor(services: Services, call: Call): object {
  const id = call.param('id')
  if (!isUuid(id)) throw refuse(400, 'invalid workspace id')
  services.workspaces.require(id)
  if (services.tokens.countLive(id) >= MAX_LIVE_TOKENS) {
    throw refuse(429, `maximum ${MAX_LIVE_TOKENS} active tokens per workspace`)
  }
  return { auth_token: services.tokens.mint(id, 'api'), workspace_id: id }
}

function revoke(services: Services, call: Call): Response {
  if (!services.tokens.revoke(call.param('id'), call.param('tokenId'))) throw refuse(404, 'token not found')
  return json({ status: 'revoked' })
}

function count(text: string | null, fallback: number): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : fallback
}
