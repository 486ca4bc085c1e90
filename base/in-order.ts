/**
 * Does work on a database in order: at once if possible, or later while another process writes to it.
 */
import type { Clock } from './clock.ts'
import { busyPauseMs, DatabaseBusy, PATIENCE_MS } from './patience.ts'
import { isBusy } from './sqlite.ts'

export interface InOrderOptions {
  readonly clock: Pick<Clock, 'after' | 'random'>
  /** Ends the waiting; work that still waits is never done. */
  readonly signal?: AbortSignal | undefined
}

interface Piece {
  readonly work: () => void
  readonly onError: (error: unknown) => void
}

/** Beyond this, work fails as busy at once. */
const MAX_WAITING = 100

export class InOrder {
  readonly #options: InOrderOptions
  readonly #pieces: Piece[] = []
  #tries = 0
  #waited = 0

  constructor(options: InOrderOptions) {
    this.#options = options
  }

  /**
   * Never throws.
   *
   * @param work is done again from its beginning if it met another process.
   * @param onError is called once with what it threw; with DatabaseBusy when it could not be done in ten seconds.
   */
  do(work: () => void, onError: (error: unknown) => void): void {
    if (this.#pieces.length >= MAX_WAITING) {
      onError(new DatabaseBusy())
      return
    }
    this.#pieces.push({ work, onError })
    if (this.#pieces.length === 1) this.#work()
  }

  readonly #work = (): void => {
    const { clock, signal } = this.#options
    for (
      let [piece] = this.#pieces;
      piece !== undefined && signal?.aborted !== true;
      [piece] = this.#pieces
    ) {
      try {
        piece.work()
      } catch (error) {
        if (isBusy(error) && this.#waited < PATIENCE_MS) {
          const pause = busyPauseMs(this.#tries++, clock.random)
          this.#waited += pause
          clock.after(pause, this.#work)
          return
        }
        piece.onError(isBusy(error) ? new DatabaseBusy() : error)
      }
      this.#tries = 0
      this.#waited = 0
      this.#pieces.shift()
    }
  }
}
