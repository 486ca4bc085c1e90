/**
 * Whether the platform still takes us for the workspace we say we are. A refusal is no proof: a platform whose
 * database is down says the same, so the open route is asked before a workspace is given up.
 */
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import { lookUpWorkspace } from '../client/workspace.ts'

/** So many refusals, over so long, of a workspace that exists are taken for the truth. */
const DEAD_AFTER_REFUSALS = 5
const DEAD_AFTER_MS = 30_000

export type Verdict = 'passing' | 'dead'

export class Standing {
  readonly #client: PlatformClient
  readonly #signal: AbortSignal
  readonly #now: () => number
  readonly #onDead: (reason: string) => void
  #dead: string | undefined
  #refusals = 0
  #refusedSince = 0

  /** @param onDead is told once, when a failure was judged to end in `dead`. */
  constructor(
    client: PlatformClient,
    signal: AbortSignal,
    now: () => number = Date.now,
    onDead: (reason: string) => void = () => {},
  ) {
    this.#client = client
    this.#signal = signal
    this.#now = now
    this.#onDead = onDead
  }

  /** Why the workspace is given up; undefined while it is not. */
  get dead(): string | undefined {
    return this.#dead
  }

  /** The platform took a request of ours. Returns true when the workspace had been given up. */
  restore(): boolean {
    const wasDead = this.#dead !== undefined
    this.#dead = undefined
    this.#refusals = 0
    return wasDead
  }

  /** Judges a failure; only a refusal, confirmed, ends in `dead`. Never throws. */
  async judge(error: unknown): Promise<Verdict> {
    if (this.#dead !== undefined) return 'dead'
    if (!(error instanceof PlatformError) || error.kind !== 'gone') return 'passing'
    const reason = await this.#reason()
    if (reason === undefined || this.#signal.aborted) return 'passing'
    // Two failures may be judged at once.
    if (this.#dead === undefined) this.#onDead(reason)
    this.#dead = reason
    return 'dead'
  }

  /** Whether the platform knows the workspace. Gives it up if the platform says that it does not. */
  async exists(): Promise<boolean> {
    try {
      const found = await lookUpWorkspace(this.#client, this.#signal)
      if (found.state === 'present') return true
      this.#dead = found.message
      return false
    } catch (error) {
      // Some platforms do not show a workspace to everyone; then the next request must tell.
      if (error instanceof PlatformError && error.kind !== 'retry') return true
      throw error
    }
  }

  async #reason(): Promise<string | undefined> {
    try {
      const found = await lookUpWorkspace(this.#client, this.#signal)
      if (found.state !== 'present') return found.message
    } catch (error) {
      // The open route does not answer either: nothing is known, and the platform is merely unwell. Unless it refuses
      // too, which some do; then only the count below can tell.
      if (!(error instanceof PlatformError) || error.kind !== 'gone') return undefined
    }
    if (this.#refusals === 0) this.#refusedSince = this.#now()
    this.#refusals++
    const proven = this.#refusals >= DEAD_AFTER_REFUSALS && this.#now() - this.#refusedSince >= DEAD_AFTER_MS
    return proven
      ? 'the platform refuses its token. Create a new one on the platform and set it with /molecule:configure.'
      : undefined
  }
}
