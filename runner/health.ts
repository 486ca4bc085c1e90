/** How a backend is doing, for the heartbeats of its workspace. */
import type { Backend } from './backend/backend.ts'

const MAX_REASON = 79

export class Health {
  readonly runtime: Backend['runtime']
  readonly #report: (error: string | undefined) => void
  #wedged: string | undefined
  #handled = 0
  #failures = 0

  /** @param report is told the outcome of each message: undefined, or why it was not answered. */
  constructor(runtime: Backend['runtime'], report: (error: string | undefined) => void) {
    this.runtime = runtime
    this.#report = report
  }

  /** Why nothing is answered until somebody repairs it: the first reason since the last success. */
  get reason(): string | undefined {
    return this.#wedged
  }

  get counts(): { readonly handled: number; readonly failed: number } {
    return { handled: this.#handled, failed: this.#failures }
  }

  succeeded(): void {
    this.#wedged = undefined
    this.#handled++
    this.#report(undefined)
  }

  failed(error: string): void {
    this.#handled++
    this.#failures++
    this.#report(error)
  }

  /** That reason holds no longer. */
  repaired(reason: string): void {
    this.#wedged = this.#wedged === reason ? undefined : this.#wedged
  }

  wedged(reason: string): void {
    this.#wedged ??= reason.slice(0, MAX_REASON)
  }
}
