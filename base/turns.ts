/** Long work in pieces: between two of them, the loop attends to everything else. */
import type { Clock } from './clock.ts'
import { sleep } from './sleep.ts'

/** A host gives its prompt hook three seconds, but a person waits for each prompt. */
const TURN_MS = 10

export class Turns {
  readonly #clock: Pick<Clock, 'now' | 'after'>
  #begunAt: number

  constructor(clock: Pick<Clock, 'now' | 'after'>) {
    this.#clock = clock
    this.#begunAt = clock.now()
  }

  /** Whether the work has had its turn. */
  get over(): boolean {
    return Math.abs(this.#clock.now() - this.#begunAt) >= TURN_MS
  }

  /** Called between two pieces: lets others have theirs if this one is over. Never rejects. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.over) return
    await sleep(0, signal, this.#clock)
    this.#begunAt = this.#clock.now()
  }
}

/**
 * Does the same with each item, and lets others have their turns in between.
 *
 * @throws what `work` throws; the reason of the signal.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
  { clock, signal }: { readonly clock: Pick<Clock, 'now' | 'after'>; readonly signal: AbortSignal },
): Promise<readonly Result[]> {
  const turns = new Turns(clock)
  const results: Result[] = []
  for (const item of items) {
    await turns.next(signal)
    signal.throwIfAborted()
    results.push(work(item))
  }
  return results
}
