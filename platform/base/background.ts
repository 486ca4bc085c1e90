/**
 * Work that goes on after a request was answered. All of it ends when the platform stops, before the file is
 * closed.
 */

/** Lets tasks run and wait, until one signal ends them all. */
export class Background {
  readonly #controller = new AbortController()
  readonly #tasks = new Set<Promise<void>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Starts a task now. It must look at `signal` after every wait before it touches the database. */
  run(task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#onError(error)
      })
      .finally(() => this.#tasks.delete(running))
    this.#tasks.add(running)
  }

  /** Resolves after `ms` milliseconds, or at once when the platform stops or nobody waits any longer. */
  delay(ms: number, unless?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted || unless?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', done)
        unless?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.signal.addEventListener('abort', done)
      unless?.addEventListener('abort', done)
    })
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await Promise.all(this.#tasks)
  }
}
