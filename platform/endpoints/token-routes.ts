/** Listing, minting and revoking the tokens of a workspace. */

import { isUuid } from '../base/random.ts'
import { json, refuse } from '../base/response.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import { MAX_LIVE_TOKENS } from '../store/tokens.ts'

const MAX_PAGE = 200
const DEFAULT_PAGE = 50

export function tokenRoutes(services: Services): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/workspaces/:id/tokens',
      gate: 'workspace',
      handle: (call) => list(services, call),
    },
    {
      method: 'POST',
      path: '/workspaces/:id/tokens',
      gate: 'workspace',
      handle: (call) => mint(services, call),
    },
    {
      method: 'DELETE',
      path: '/workspaces/:id/tokens/:tokenId',
      gate: 'workspace',
      handle: (call) => revoke(services, call),
    },
    {
      method: 'POST',
      path: '/admin/workspaces/:id/tokens',
      gate: 'admin',
      handle: (call) => mint(services, call),
    },
    {
      method: 'GET',
      path: '/admin/workspaces/:id/test-token',
      gate: 'admin',
      handle: (call) => json(mintFor(services, call)),
    },
  ]
}

function list(services: Services, call: Call): Response {
  const query = call.url.searchParams
  const limit = count(query.get('limit'), DEFAULT_PAGE)
  const tokens = services.tokens.list(
    call.param('id'),
    Math.min(limit, MAX_PAGE),
    count(query.get('offset'), 0),
  )
  return json({ tokens, count: tokens.length })
}

function mint(services: Services, call: Call): Response {
  const minted = mintFor(services, call)
  return json({ ...minted, message: 'Save this token now. It will not be shown again.' }, 201)
}

function mintFor(services: Services, call: Call) {
  const id = living(services, call)
  if (services.tokens.countLive(id) >= MAX_LIVE_TOKENS) {
    throw refuse(429, `maximum ${MAX_LIVE_TOKENS} active tokens per workspace`)
  }
  return { auth_token: services.tokens.mint(id, 'api'), workspace_id: id }
}

function revoke(services: Services, call: Call): Response {
  if (!services.tokens.revoke(call.param('id'), call.param('tokenId'))) throw refuse(404, 'token not found')
  return json({ status: 'revoked' })
}

function living(services: Services, call: Call): string {
  const id = call.param('id')
  if (!isUuid(id)) throw refuse(400, 'invalid workspace id')
  const row = services.workspaces.find(id)
  if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
  return id
}

function count(text: string | null, otherwise: number): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : otherwise
}
