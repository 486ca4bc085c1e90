/** What the world of one seed led to, whatever was simulated in it. */

export interface Outcome {
  readonly seed: number
  readonly faults: readonly Fault[]
  /** The same ones for each seed of a simulation. */
  readonly figures: Readonly<Record<string, number>>
  /** How many deliveries began. */
  readonly writes: number
}

/** A broken promise. */
export interface Fault {
  readonly kind: string
  /** One sentence that names the message. */
  readonly text: string
}

/** One program in a world of chance. */
export interface Simulation {
  /** What `./molecule simulate` is given to run it. */
  readonly options: readonly string[]
  /** What each figure is called in the table, in its order. */
  readonly figures: Readonly<Record<string, string>>
  readonly faultKinds: readonly string[]
  /**
   * Runs the world of one seed to its end. Only the seed decides what happens.
   *
   * @param folder where its files are kept during the run.
   */
  readonly runSeed: (seed: number, folder: string) => Outcome
}
