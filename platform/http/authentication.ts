/** The gates: who may pass, and the text each refusal has. */

import { sha256 } from '../base/random.ts'
import { refuse } from '../base/response.ts'
import type { ContractRules } from '../contract/versions.ts'
import type { Tokens } from '../store/tokens.ts'

/** Who a request comes from, once a gate let it through. */
export type Principal = { readonly kind: 'admin' } | { readonly kind: 'workspace'; readonly id: string }

const MISSING = 'missing workspace auth token'
const INVALID = 'invalid workspace auth token'

/** The bearer of a request; the scheme is case-sensitive, and anything else counts as no token. */
export function bearerOf(headers: Headers): string | undefined {
  const header = headers.get('Authorization') ?? ''
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length).trim() || undefined : undefined
}

export class Authentication {
  readonly #adminHash: string
  readonly #tokens: Tokens
  readonly #rules: () => ContractRules

  constructor(adminToken: string, tokens: Tokens, rules: () => ContractRules) {
    this.#adminHash = sha256(adminToken)
    this.#tokens = tokens
    this.#rules = rules
  }

  /** Comparing digests leaks nothing about the token through time. */
  isAdmin(bearer: string): boolean {
    return sha256(bearer) === this.#adminHash
  }

  principalOf(bearer: string): Principal | undefined {
    if (this.isAdmin(bearer)) return { kind: 'admin' }
    const id = this.#tokens.ownerOf(bearer)
    return id === undefined ? undefined : { kind: 'workspace', id }
  }

  /** WorkspaceAuth: the workspace's own token, or the admin's. An unknown workspace looks like a wrong token. */
  requireWorkspace(headers: Headers, workspaceId: string): Principal {
    const bearer = bearerOf(headers)
    if (bearer === undefined) throw refuse(401, MISSING)
    const principal = this.principalOf(bearer)
    if (principal === undefined) throw refuse(401, INVALID)
    if (principal.kind === 'workspace' && principal.id !== workspaceId) throw refuse(401, INVALID)
    return principal
  }

  requireAdmin(headers: Headers): void {
    const bearer = bearerOf(headers)
    if (bearer === undefined) throw refuse(401, 'missing admin auth token')
    if (!this.isAdmin(bearer)) throw refuse(401, 'invalid admin auth token')
  }

  /**
   * The bootstrap gate of the registry: a workspace that holds a live token must show it, one that holds none passes unseen.
   *
   * @returns whether a token was shown and accepted
   */
  passBootstrap(headers: Headers, workspaceId: string): boolean {
    const gate = this.#rules().tokenKinds ? 'instance' : undefined
    if (this.#tokens.countLive(workspaceId, gate) === 0) return false
    return this.requireOwnToken(headers, workspaceId)
  }

  /** A token of exactly this workspace; the admin's is not enough. */
  requireOwnToken(headers: Headers, workspaceId: string): true {
    const bearer = bearerOf(headers)
    if (bearer === undefined) throw refuse(401, MISSING)
    if (this.#tokens.ownerOf(bearer) !== workspaceId) throw refuse(401, INVALID)
    return true
  }
}
