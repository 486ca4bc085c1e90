/** Workspace tokens. Only the SHA-256 of a token and its first eight characters are stored. */
import { newSecret, newUuid, sha256 } from '../base/random.ts'
import { timestampMs, wireTimestamp } from '../base/timestamp.ts'
import type { StoreContext } from './context.ts'

/**
 * `instance`: held by the running agent. `api`: minted for a caller. Both open every route of their
 * workspace.
 */
type TokenKind = 'instance' | 'api'

interface TokenInfo {
  readonly id: string
  readonly prefix: string
  readonly created_at: string
  readonly last_used_at: string | null
}

interface LiveToken {
  readonly id: string
  readonly workspace_id: string
  readonly last_used_at: string | null
}

export const MAX_LIVE_TOKENS = 50

/** `last_used_at` is a hint for people; recording it once a minute saves a write per request. */
const USE_RESOLUTION_MS = 60_000

const LIVE = 'revoked_at IS NULL'

export class Tokens {
  readonly #context: StoreContext
  readonly #onRevoked: () => void

  /** @param onRevoked called after tokens were revoked, perhaps within a transaction. */
  constructor(context: StoreContext, onRevoked: () => void = () => {}) {
    this.#context = context
    this.#onRevoked = onRevoked
  }

  /** Makes a token. Its text is returned here and can never be read again. */
  mint(workspaceId: string, kind: TokenKind): string {
    const token = newSecret(this.#context.random)
    this.#context.database
      .query(
        'INSERT INTO tokens (id, workspace_id, hash, prefix, kind, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(
        newUuid(this.#context.random),
        workspaceId,
        sha256(token),
        token.slice(0, 8),
        kind,
        this.#context.timestamps.now(),
      )
    return token
  }

  /** The workspace a token opens; undefined when it is unknown or revoked, or its workspace was removed. */
  ownerOf(token: string): string | undefined {
    const found = this.#context.database
      .query<LiveToken, [string]>(
        `SELECT t.id, t.workspace_id, t.last_used_at FROM tokens t JOIN workspaces w ON w.id = t.workspace_id
         WHERE t.hash = ? AND t.${LIVE} AND w.status <> 'removed'`,
      )
      .get(sha256(token))
    if (found === null) return undefined
    this.#recordUse(found)
    return found.workspace_id
  }

  countLive(workspaceId: string, kind?: TokenKind): number {
    const kinds = kind === undefined ? '' : ' AND kind = ?'
    const values = kind === undefined ? [workspaceId] : [workspaceId, kind]
    const row = this.#context.database
      .query<{ live: number }, string[]>(
        `SELECT count(*) AS live FROM tokens WHERE workspace_id = ? AND ${LIVE}${kinds}`,
      )
      .get(...values)
    return row?.live ?? 0
  }

  list(workspaceId: string, limit: number, offset: number): readonly TokenInfo[] {
    return this.#context.database
      .query<TokenInfo, [string, number, number]>(
        `SELECT id, prefix, created_at, last_used_at FROM tokens WHERE workspace_id = ? AND ${LIVE}
         ORDER BY created_at DESC, id LIMIT ? OFFSET ?`,
      )
      .all(workspaceId, limit, offset)
      .map((row) => ({
        ...row,
        created_at: wireTimestamp(row.created_at),
        last_used_at: row.last_used_at === null ? null : wireTimestamp(row.last_used_at),
      }))
  }

  /** False when the workspace has no such live token. */
  revoke(workspaceId: string, tokenId: string): boolean {
    const { changes } = this.#context.database
      .query(`UPDATE tokens SET revoked_at = ? WHERE workspace_id = ? AND id = ? AND ${LIVE}`)
      .run(this.#context.timestamps.now(), workspaceId, tokenId)
    this.#onRevoked()
    return changes > 0
  }

  revokeAll(workspaceId: string): void {
    this.#context.database
      .query(`UPDATE tokens SET revoked_at = ? WHERE workspace_id = ? AND ${LIVE}`)
      .run(this.#context.timestamps.now(), workspaceId)
    this.#onRevoked()
  }

  #recordUse(token: LiveToken): void {
    const { clock, database, timestamps } = this.#context
    const lastUse = token.last_used_at === null ? Number.NEGATIVE_INFINITY : timestampMs(token.last_used_at)
    if (Math.abs(clock.now() - lastUse) < USE_RESOLUTION_MS) return
    database.query('UPDATE tokens SET last_used_at = ? WHERE id = ?').run(timestamps.now(), token.id)
  }
}
