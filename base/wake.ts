/** A wait that can be ended early. A wake-up while nobody waits is kept for the next wait. */
import type { Clock } from './clock.ts'

export class Wake {
  readonly #clock: Pick<Clock, 'after'>
  #pending = false
  #end: (() => void) | undefined

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** Ends the current wait, or the next one at once. */
  notify(): void {
    this.#pending = true
    this.#end?.()
  }

  /**
   * Waits until {@link notify}, `ms` milliseconds, or the signal, whichever comes first. One waiter at a time.
   *
   * @returns true when it was woken.
   */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#pending && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const end = (): void => {
          cancel?.()
          signal.removeEventListener('abort', end)
          this.#end = undefined
          resolve()
        }
        // Without a time limit there is no timer: an unlimited wait costs nothing.
        const cancel = Number.isFinite(ms) ? this.#clock.after(ms, end) : undefined
        signal.addEventListener('abort', end, { once: true })
        this.#end = end
      })
    }
    const woken = this.#pending
    this.#pending = false
    return woken
  }
}
