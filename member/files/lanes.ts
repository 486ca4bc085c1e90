/** Runs at most so many pieces of work of one kind at the same time; the others wait in line. */
export class Lanes {
  readonly #count: number
  readonly #busy = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(count: number) {
    this.#count = count
  }

  /** Runs the work once a lane of its kind is free. */
  async run<T>(kind: string, work: () => Promise<T>): Promise<T> {
    await this.#enter(kind)
    try {
      return await work()
    } finally {
      this.#leave(kind)
    }
  }

  #enter(kind: string): Promise<void> | undefined {
    const busy = this.#busy.get(kind) ?? 0
    if (busy < this.#count) {
      this.#busy.set(kind, busy + 1)
      return undefined
    }
    return new Promise((resolve) => {
      const line = this.#waiting.get(kind) ?? []
      this.#waiting.set(kind, [...line, resolve])
    })
  }

  /** The next in line takes the lane over, so nobody overtakes it. */
  #leave(kind: string): void {
    const [next, ...rest] = this.#waiting.get(kind) ?? []
    if (rest.length > 0) this.#waiting.set(kind, rest)
    else this.#waiting.delete(kind)
    const busy = (this.#busy.get(kind) ?? 0) - 1
    if (next !== undefined) next()
    else if (busy > 0) this.#busy.set(kind, busy)
    else this.#busy.delete(kind)
  }
}
