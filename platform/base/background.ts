/**
 * Work that continues after its request was answered. It ends when the platform stops, before the file
 * closes.
 */
import type { Clock } from './clock.ts'
import { refuse } from './response.ts'

export class Background {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #controller = new AbortController()
  readonly #tasks = new Set<Promise<void>>()
  #lastTurn = Promise.resolve()

  /** @param onError receives what a task throws before the platform stops. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  /** Aborts when the platform stops. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Starts a task now. After every wait it must check `signal` before it touches the database. */
  run(task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#onError(error)
      })
      .finally(() => this.#tasks.delete(running))
    this.#tasks.add(running)
  }

  /**
   * Resolves after `ms` milliseconds, or at once when the platform stops or `cancel` aborts. With `Infinity`,
   * only those end the wait.
   */
  delay(ms: number, cancel?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted || cancel?.aborted) return resolve()
      const done = (): void => {
        cancelTimer?.()
        this.signal.removeEventListener('abort', done)
        cancel?.removeEventListener('abort', done)
        resolve()
      }
      const cancelTimer = Number.isFinite(ms) ? this.#clock.after(ms, done) : undefined
      this.signal.addEventListener('abort', done)
      cancel?.addEventListener('abort', done)
    })
  }

  /**
   * Resolves in a turn of the event loop that no other waiter here gets. Whoever has much to do takes one for each step,
   * so that requests are answered in between.
   *
   * @throws Refusal when the platform stops.
   */
  async turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => this.delay(0))
    await this.#lastTurn
    if (this.signal.aborted) throw refuse(503, 'the platform stops')
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await Promise.all(this.#tasks)
  }
}
