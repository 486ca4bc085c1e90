/** The writers: people in the chat, agents, one agent that never stops; and the platform's pruning of rows. */
import type { Plan } from './plan.ts'
import type { SimWorkspace } from './platform/sim-workspace.ts'
import type { World } from './world.ts'

/** The platform's clock counts microseconds, so only this many messages share a timestamp. */
const SAME_MOMENT = 15
const POISON: readonly ((id: string) => unknown)[] = [
  () => null,
  () => 'a row',
  () => ({ id: 7 }),
  (id) => ({ id, source_id: 7, created_at: '2026-07-01T10:00:00Z' }),
]
/** Accepts tasks, and answers them. */
export const COLLEAGUE = { id: 'c0111ea9-0000-4000-8000-000000000001', name: 'colleague' }
/** Writes faster than a conversation needs. */
export const CHATTERBOX = { id: 'c4a77e4b-0000-4000-8000-000000000001', name: 'chatterbox' }
/** More messages than may wait for a host before reading of the feed pauses. */
const FLOOD = 700

export class People {
  readonly #world: World
  readonly #plan: Plan

  constructor(world: World, plan: Plan) {
    this.#world = world
    this.#plan = plan
  }

  found(workspaceId: string, index: number): void {
    const { dice, clock, platform, timestampCursor, ignoresBeforeTs, chatters, floods } = this.#world
    let rows = 0
    const nextId = (): string => `c0ffee0${index}-0000-4000-8000-${(++rows).toString(16).padStart(12, '0')}`
    const workspace = platform.found(workspaceId, {
      timestampCursor,
      ignoresBeforeTs,
      nextId,
      hasEvents: dice.chance(0.7),
      peers: [COLLEAGUE, CHATTERBOX],
    })
    const before = dice.chance(0.06) ? dice.upTo(160) : dice.pick([0, 0, 0, 2, 8])
    for (let n = before; n > 0; n--) {
      workspace.feed.add({ at: (clock.now() - n * dice.pick([20, 300])) * 1000 })
    }
    this.#plan(() => this.#arrive(workspace), 8_000)
    this.#plan(() => this.#forget(workspace), 15_000)
    if (chatters) this.#plan(() => this.#chatter(workspace), 12_000)
    if (floods) clock.after(dice.upTo(10_000), () => this.#flood(workspace))
  }

  /** Adds what arrives while the machine sleeps for `ms` milliseconds from now. */
  writeDuring(ms: number): void {
    const { dice, clock, platform } = this.#world
    for (const { feed } of platform.workspaces) {
      const count = dice.upTo(4)
      for (let n = 0; n < count; n++) {
        feed.add({ at: (clock.now() + (ms * (n + 1)) / (count + 1)) * 1000 })
      }
    }
  }

  #arrive(workspace: SimWorkspace): void {
    const { dice, clock, commitsLate } = this.#world
    const { feed } = workspace
    const burst = dice.pick([0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 20, dice.chance(0.1) ? 110 : 1])
    const at = dice.chance(0.2) ? clock.now() * 1000 + 1 : undefined
    for (let n = 0; n < burst; n++) {
      if (dice.chance(0.04)) feed.poison(dice.pick(POISON))
      else if (at !== undefined) feed.add({ at: at + Math.floor(n / SAME_MOMENT) })
      else if (commitsLate && dice.chance(0.12))
        feed.add({ visibleAt: clock.now() * 1000 + dice.upTo(25_000_000) })
      else feed.add()
    }
    const hints = dice.pick([0, 1, 1, 2])
    for (let n = 0; n < hints; n++) clock.after(dice.upTo(50), () => workspace.hint())
  }

  #chatter(workspace: SimWorkspace): void {
    const { dice, clock } = this.#world
    const count = dice.between(5, 40)
    for (let n = 0; n < count; n++) {
      clock.after(n * dice.upTo(400), () => workspace.feed.add({ from: CHATTERBOX.id }))
    }
  }

  #flood({ feed }: SimWorkspace): void {
    for (let n = 0; n < FLOOD; n++) feed.add()
  }

  /** Prunes old rows, perhaps including the cursor's row: all that were read, or some of them. */
  #forget({ feed }: SimWorkspace): void {
    const { dice, sightings } = this.#world
    const share = dice.pick([0.5, 1])
    const read = new Set(sightings.read.map(({ activityId }) => activityId))
    feed.prune((row) => read.has(row.id) && dice.chance(share))
  }
}
