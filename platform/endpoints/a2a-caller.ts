/** Who sends an A2A message (contract: a2a caller). */
import { isUuid } from '../base/random.ts'
import { refuse } from '../base/response.ts'
import { bearerOf } from '../http/authentication.ts'
import type { Services } from '../services.ts'

/** `verified`: the platform knows who the person is. */
export type Caller =
  | { readonly kind: 'workspace'; readonly id: string }
  | { readonly kind: 'canvas'; readonly verified: boolean; readonly claimedId?: string | undefined }

/** Prefixes of the platform's own senders; nobody else may claim one. */
const RESERVED = ['webhook:', 'system:', 'test:', 'channel:']

/** @throws Refusal 401 or 403 when the caller cannot be established. */
export function callerOf(services: Services, headers: Headers, targetId: string): Caller {
  const claimed = headers.get('X-Workspace-ID')?.toLowerCase() ?? ''
  if (RESERVED.some((prefix) => claimed.startsWith(prefix))) throw refuse(403, 'invalid caller ID')
  const bearer = bearerOf(headers)
  if (services.faults.state().same_origin_canvas && headers.get('Origin') !== null) {
    return { kind: 'canvas', verified: false, claimedId: isUuid(claimed) ? claimed : undefined }
  }
  switch (services.rules().a2aCaller) {
    case 'token':
      return callerByToken(services, bearer, claimed)
    case 'header-or-token':
      return claimed === '' && bearer !== undefined
        ? callerByToken(services, bearer, claimed)
        : callerByHeader(services, bearer, claimed, targetId)
    case 'header':
      return callerByHeader(services, bearer, claimed, targetId)
  }
}

function callerByToken(services: Services, bearer: string | undefined, claimed: string): Caller {
  if (bearer === undefined) throw refuse(401, 'missing caller auth token')
  const principal = services.authentication.principalOf(bearer)
  if (principal === undefined) throw refuse(401, 'invalid caller auth token')
  if (principal.kind === 'admin') return { kind: 'canvas', verified: true }
  if (claimed !== '' && claimed !== principal.id)
    throw refuse(401, 'caller ID does not match workspace auth token')
  return principal
}

/** Older contracts believe the header: none means the person, and the target's own id goes unchecked. */
function callerByHeader(
  services: Services,
  bearer: string | undefined,
  claimed: string,
  targetId: string,
): Caller {
  if (claimed === '') return { kind: 'canvas', verified: false }
  if (claimed !== targetId) {
    if (bearer === undefined) throw refuse(401, 'missing caller auth token')
    if (services.tokens.ownerOf(bearer) !== claimed) throw refuse(401, 'invalid caller auth token')
  }
  return { kind: 'workspace', id: claimed }
}
