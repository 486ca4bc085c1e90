/** The other end of the pipe: it takes lines while there is room, reads them when it likes, and remembers each. */
import { z } from 'zod'
import type { SimClock } from '../fixtures/sim-clock.ts'

export interface Sighting {
  readonly activityId: string
  readonly workspaceId: string
  readonly redelivered: boolean
  /** Which life of the process wrote it. */
  readonly session: number
}

const lineSchema = z.object({
  params: z.object({
    meta: z.object({
      activity_id: z.string(),
      workspace_id: z.string(),
      redelivered: z.literal('true').optional(),
    }),
  }),
})

interface Pending {
  readonly line: string
  readonly session: number
  readonly taken: () => void
}

export class SimHost {
  readonly seen: Sighting[] = []
  readonly #known = new Set<string>()
  readonly #clock: SimClock
  readonly #random: () => number
  readonly #calmAt: number
  readonly #room: number
  /** Written and not yet in the pipe: gone when the process ends. */
  #outside: Pending[] = []
  /** In the pipe: the host's, whatever becomes of the process. */
  #inside: Pending[] = []

  constructor(clock: SimClock, random: () => number, calmAt: number) {
    this.#clock = clock
    this.#random = random
    this.#calmAt = calmAt
    this.#room = 1 + Math.floor(random() * 60)
    this.#readLater()
  }

  knows(activityId: string): boolean {
    return this.#known.has(activityId)
  }

  write(line: string, session: number, dead: () => boolean): Promise<void> {
    if (dead()) return new Promise(() => {})
    return new Promise((resolve) => {
      this.#outside.push({
        line,
        session,
        taken: () => {
          if (!dead()) resolve()
        },
      })
      this.#take()
    })
  }

  /** The process ended: what was not in the pipe is gone. */
  drop(): void {
    this.#outside = []
  }

  #take(): void {
    while (this.#inside.length < this.#room) {
      const next = this.#outside.shift()
      if (next === undefined) return
      this.#inside.push(next)
      // The news of it comes a little later, or never, should the process end before.
      this.#clock.at(this.#clock.now() + Math.floor(this.#random() * 3), next.taken)
    }
  }

  #readLater(): void {
    const calm = this.#clock.now() >= this.#calmAt
    const stalls = !calm && this.#random() < 0.02
    const waitMs = stalls ? this.#random() * 25_000 : 20 + this.#random() * 180
    this.#clock.at(this.#clock.now() + waitMs, () => {
      for (const { line, session } of this.#inside.splice(0)) this.#see(line, session)
      this.#take()
      this.#readLater()
    })
  }

  #see(line: string, session: number): void {
    const { activity_id, workspace_id, redelivered } = lineSchema.parse(JSON.parse(line)).params.meta
    this.#known.add(activity_id)
    this.seen.push({
      activityId: activity_id,
      workspaceId: workspace_id,
      redelivered: redelivered !== undefined,
      session,
    })
  }
}
