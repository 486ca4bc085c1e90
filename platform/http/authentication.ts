/** The gates: who may pass, and the text of each refusal. */
import { sha256 } from '../base/random.ts'
import { refuse } from '../base/response.ts'
import type { ContractRules } from '../contract/versions.ts'
import type { Tokens } from '../store/tokens.ts'

/** Whom a token belongs to. */
type Principal = { readonly kind: 'admin' } | { readonly kind: 'workspace'; readonly id: string }

const MISSING = 'missing workspace auth token'
const INVALID = 'invalid workspace auth token'

/** The bearer token of a request. The scheme is case-sensitive, and any other scheme counts as no token. */
export function bearerOf(headers: Headers): string | undefined {
  const header = headers.get('Authorization') ?? ''
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length).trim() || undefined : undefined
}

export class Authentication {
  readonly #adminHashes: readonly string[]
  readonly #tokens: Tokens
  readonly #rules: () => ContractRules

  /** @param adminTokens each of which opens every route. */
  constructor(adminTokens: readonly string[], tokens: Tokens, rules: () => ContractRules) {
    this.#adminHashes = adminTokens.map(sha256)
    this.#tokens = tokens
    this.#rules = rules
  }

  principalOf(bearer: string): Principal | undefined {
    if (this.#isAdmin(bearer)) return { kind: 'admin' }
    const id = this.#tokens.ownerOf(bearer)
    return id === undefined ? undefined : { kind: 'workspace', id }
  }

  /** Who calls, in a word; undefined for a stranger. */
  callerOf(headers: Headers): string | undefined {
    const bearer = bearerOf(headers)
    const principal = bearer === undefined ? undefined : this.principalOf(bearer)
    return principal?.kind === 'workspace' ? principal.id : principal?.kind
  }

  /**
   * Passes the workspace's own token and the admin's. An unknown workspace looks like a wrong token.
   *
   * @throws Refusal 401
   */
  requireWorkspace(headers: Headers, workspaceId: string): void {
    if (bearerOf(headers) === undefined) throw refuse(401, MISSING)
    if (!this.passesWorkspace(headers, workspaceId)) throw refuse(401, INVALID)
  }

  passesWorkspace(headers: Headers, workspaceId: string): boolean {
    const bearer = bearerOf(headers)
    if (bearer === undefined) return false
    return this.#isAdmin(bearer) || this.#tokens.ownerOf(bearer) === workspaceId
  }

  /** @throws Refusal 401 */
  requireAdmin(headers: Headers): void {
    const bearer = bearerOf(headers)
    if (bearer === undefined) throw refuse(401, 'missing admin auth token')
    if (!this.#isAdmin(bearer)) throw refuse(401, 'invalid admin auth token')
  }

  /**
   * The registry's bootstrap gate: a workspace with a live token must show its own (the admin's is not
   * enough), and one without passes unseen.
   *
   * @returns whether a token was shown and accepted.
   * @throws Refusal 401
   */
  passBootstrap(headers: Headers, workspaceId: string): boolean {
    const gate = this.#rules().tokenKinds ? 'instance' : undefined
    if (this.#tokens.countLive(workspaceId, gate) === 0) return false
    const bearer = bearerOf(headers)
    if (bearer === undefined) throw refuse(401, MISSING)
    if (this.#tokens.ownerOf(bearer) !== workspaceId) throw refuse(401, INVALID)
    return true
  }

  /** Compares digests, so that the time it takes reveals nothing about the token. */
  #isAdmin(bearer: string): boolean {
    return this.#adminHashes.includes(sha256(bearer))
  }
}
