/**
 * Whether the platform still accepts us as the workspace we claim to be. A refusal is no proof: a platform whose
 * database is down answers the same, so the unauthenticated route is checked before a workspace is given up.
 */

import type { Verdict } from '../../poll.ts'
import { PlatformError } from '../client/errors.ts'
import { lookUpWorkspace } from '../client/workspace.ts'
import type { Workspace } from './workspace.ts'

/** Give up after this many refusals over this long, although the workspace exists. */
const DEAD_AFTER_REFUSALS = 5
const DEAD_AFTER_MS = 30_000

export class Validity {
  readonly #workspace: Workspace
  readonly #onDead: (reason: string) => void
  #dead: string | undefined
  #refusals = 0
  #refusedSince = 0

  /** @param onDead called once, when a failure was judged `dead`. */
  constructor(workspace: Workspace, onDead: (reason: string) => void) {
    this.#workspace = workspace
    this.#onDead = onDead
  }

  /** Why the workspace is given up; undefined while it is not. */
  get dead(): string | undefined {
    return this.#dead
  }

  /** The platform accepted a request of ours. Returns true when the workspace had been given up. */
  restore(): boolean {
    const wasDead = this.#dead !== undefined
    this.#dead = undefined
    this.#refusals = 0
    return wasDead
  }

  /** Judges a failure; only a confirmed refusal is `dead`. Never throws. */
  async judge(error: unknown): Promise<Verdict> {
    if (this.#dead !== undefined) return 'dead'
    if (!(error instanceof PlatformError) || error.kind !== 'gone') return 'passing'
    const reason = await this.#reason()
    if (reason === undefined || this.#workspace.signal.aborted) return 'passing'
    // Two failures may be judged at once.
    if (this.#dead === undefined) this.#onDead(reason)
    this.#dead = reason
    return 'dead'
  }

  /** Whether the platform knows the workspace. Gives it up if the platform says that it does not. */
  async exists(): Promise<boolean> {
    const { client, signal } = this.#workspace
    try {
      const found = await lookUpWorkspace(client, signal)
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
    const { client, clock, signal } = this.#workspace
    try {
      const found = await lookUpWorkspace(client, signal)
      if (found.state !== 'present') return found.message
    } catch (error) {
      // If the open route fails, too, the platform is merely unwell. If it also refuses, as some platforms do, only the
      // count below can tell.
      if (!(error instanceof PlatformError) || error.kind !== 'gone') return undefined
    }
    if (this.#refusals === 0) this.#refusedSince = clock.now()
    this.#refusals++
    const proven = this.#refusals >= DEAD_AFTER_REFUSALS && clock.now() - this.#refusedSince >= DEAD_AFTER_MS
    return proven
      ? 'the platform refuses its token. Create a new one on the platform and set it with /molecule:configure.'
      : undefined
  }
}
