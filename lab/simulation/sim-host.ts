/** The other ends of the pipes: each takes lines while there is room, reads them when it likes, and remembers each. */
import { z } from 'zod'
import type { SimClock } from './sim-clock.ts'

export interface Showing {
  /** Counts the writes of all sessions, in the order in which they were begun. */
  readonly order: number
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

/** What was begun to be written, and what of it was seen. */
export class Sightings {
  readonly begun: Showing[] = []
  readonly #seen: Showing[] = []
  readonly #known = new Set<string>()

  begin(line: string, session: number): Showing {
    const { activity_id, workspace_id, redelivered } = lineSchema.parse(JSON.parse(line)).params.meta
    const showing = {
      order: this.begun.length,
      activityId: activity_id,
      workspaceId: workspace_id,
      redelivered: redelivered !== undefined,
      session,
    }
    this.begun.push(showing)
    return showing
  }

  see(showing: Showing): void {
    this.#seen.push(showing)
    this.#known.add(showing.activityId)
  }

  knows(activityId: string): boolean {
    return this.#known.has(activityId)
  }

  /** In the order in which they were begun: by then it was decided whether to mark them. */
  get seen(): readonly Showing[] {
    return this.#seen.toSorted((a, b) => a.order - b.order)
  }
}

interface Pending {
  readonly showing: Showing
  readonly taken: () => void
}

export interface HostOptions {
  readonly clock: SimClock
  readonly random: () => number
  readonly sightings: Sightings
  readonly session: number
  /** Milliseconds since the epoch from which on it never pauses. */
  readonly calmAt: number
  /** Told of each message that is read, while the process lives. */
  readonly onSeen: (showing: Showing) => void
}

export class SimHost {
  readonly #o: HostOptions
  readonly #room: number
  /** Written and not yet in the pipe: gone when the process ends. */
  #outside: Pending[] = []
  /** In the pipe: the host's, whatever becomes of the process. */
  #inside: Pending[] = []
  /** In the pipe, and the process does not know it yet. */
  readonly #untold: Pending[] = []
  #reading = false
  #frozen = false
  #processEnded = false

  constructor(options: HostOptions) {
    this.#o = options
    this.#room = [1, 10, 40, 200][Math.floor(options.random() * 4)] ?? 1
  }

  write(line: string): Promise<void> {
    const showing = this.#o.sightings.begin(line, this.#o.session)
    return new Promise((resolve) => {
      this.#outside.push({ showing, taken: resolve })
      this.#take()
    })
  }

  /** From now on it reads nothing. */
  freeze(): void {
    this.#frozen = true
  }

  /** The process ended: what was not in the pipe is gone. */
  processEnded(): void {
    this.#processEnded = true
    this.#outside = []
  }

  /** The host itself ended: what is in the pipe is never read. */
  end(): void {
    this.processEnded()
    this.#inside = []
    this.#frozen = true
  }

  #take(): void {
    const entering = this.#outside.splice(0, Math.max(0, this.#room - this.#inside.length))
    if (entering.length === 0) return
    this.#inside.push(...entering)
    this.#untold.push(...entering)
    if (this.#untold.length === entering.length) this.#tellLater()
    if (!this.#reading) this.#readLater()
  }

  /** That something is in the pipe comes to be known a little later, or never, should the process end before. */
  #tellLater(): void {
    const { clock, random } = this.#o
    clock.at(clock.now() + Math.floor(random() * 3), () => {
      const told = this.#untold.splice(0)
      if (this.#processEnded) return
      for (const { taken } of told) taken()
    })
  }

  #readLater(): void {
    this.#reading = true
    const { clock, random, calmAt } = this.#o
    const stalls = clock.now() < calmAt && random() < 0.08
    const waitMs = stalls ? random() * 25_000 : 20 + random() * 180
    clock.at(clock.now() + waitMs, () => {
      this.#reading = false
      if (this.#frozen) return
      for (const { showing } of this.#inside.splice(0)) {
        this.#o.sightings.see(showing)
        if (!this.#processEnded) this.#o.onSeen(showing)
      }
      this.#take()
    })
  }
}
