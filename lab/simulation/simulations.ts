/** What can be simulated. */
import type { Simulation } from './outcome.ts'
import { RUNNER } from './runner/runner-seed.ts'
import { SESSION } from './seed.ts'

export const SIMULATIONS = { session: SESSION, runner: RUNNER } as const satisfies Readonly<
  Record<string, Simulation>
>

export type SimulationName = keyof typeof SIMULATIONS
