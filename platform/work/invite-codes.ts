/**
 * Codes that each give one token, once. They are kept in memory alone: one that nobody used ends with the platform, as it
 * would end after ten minutes.
 */
import type { Clock } from '../base/clock.ts'
import { type RandomBytes, sha256 } from '../base/random.ts'

const LIFETIME_MS = 10 * 60_000
const MAX_WRONG_TRIES = 5
const MAX_CODES = 1_000
/** No letter that looks like a digit, and no U (Crockford's base 32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const NAME_CHARS = 4
const SECRET_CHARS = 8

interface Invite {
  readonly workspaceId: string
  readonly secretHash: string
  readonly expiresAt: number
  wrongTries: number
}

export interface InviteCode {
  readonly code: string
  readonly expiresAt: number
}

export class InviteCodes {
  readonly #clock: Pick<Clock, 'now'>
  readonly #random: RandomBytes
  /** By the first group of the code: only who knows it can use up the tries. */
  readonly #invites = new Map<string, Invite>()

  constructor(clock: Pick<Clock, 'now'>, random: RandomBytes) {
    this.#clock = clock
    this.#random = random
  }

  /** A new code. The one that the workspace had before is void. */
  create(workspaceId: string): InviteCode {
    this.#forget((invite) => invite.workspaceId === workspaceId)
    if (this.#invites.size >= MAX_CODES) this.#invites.delete(this.#invites.keys().next().value ?? '')
    let name = this.#characters(NAME_CHARS)
    while (this.#invites.has(name)) name = this.#characters(NAME_CHARS)
    const secret = this.#characters(SECRET_CHARS)
    const expiresAt = this.#clock.now() + LIFETIME_MS
    this.#invites.set(name, { workspaceId, secretHash: sha256(secret), expiresAt, wrongTries: 0 })
    return { code: `${name}-${secret.slice(0, 4)}-${secret.slice(4)}`, expiresAt }
  }

  /** The workspace of a code, which is used up by this; undefined for any that is wrong, void, used or too old. */
  redeem(text: string): string | undefined {
    this.#forget(() => false)
    const code = text
      .toUpperCase()
      .replace(/[^0-9A-Z]/g, '')
      .replaceAll('O', '0')
      .replace(/[IL]/g, '1')
    const name = code.slice(0, NAME_CHARS)
    const invite = this.#invites.get(name)
    if (invite === undefined) return undefined
    if (sha256(code.slice(NAME_CHARS)) === invite.secretHash) {
      this.#invites.delete(name)
      return invite.workspaceId
    }
    if (++invite.wrongTries >= MAX_WRONG_TRIES) this.#invites.delete(name)
    return undefined
  }

  /** Those that are too old, and the ones that match. */
  #forget(matches: (invite: Invite) => boolean): void {
    const now = this.#clock.now()
    for (const [name, invite] of this.#invites) {
      if (invite.expiresAt <= now || matches(invite)) this.#invites.delete(name)
    }
  }

  #characters(count: number): string {
    return [...this.#random(count)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  }
}
