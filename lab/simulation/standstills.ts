/** Sessions that stop running without ending: suspended by the user, or hanging; and claims of what they hold. */
import type { Stopped } from '../../member/folder/stopped-process.ts'
import type { Machine } from './machine.ts'
import { canReceive, type SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** A claim that ends before has met another one, or a session that cannot hold workspaces. */
const CLAIMED_MS = 9_000

export class Standstills {
  readonly #world: World
  readonly #machine: Machine
  /** Those that look as if they ran. */
  readonly #hangs = new Set<SimProcess>()

  constructor(world: World, machine: Machine) {
    this.#world = world
    this.#machine = machine
  }

  /** What others can see of the process with this pid. */
  stoppedOf(pid: number): Stopped | undefined {
    const process = this.#machine.running.find(({ life }) => 1_000 + life.number === pid)
    return process?.life.stopped === true && !this.#hangs.has(process) ? 'plugin' : undefined
  }

  /** One session stands still for `ms` milliseconds, at most until the trouble is over; another, if any, claims from it. */
  suspend(ms: number): void {
    const { dice } = this.#world
    const { running } = this.#machine
    if (running.length === 0) return
    const process = dice.pick(running)
    const other = running.find((one) => one !== process)
    if (process.life.stopped) return
    this.#stop(process, ms, dice.chance(0.4))
    if (other !== undefined) this.#world.clock.after(dice.upTo(2_000), () => void this.#claim(process, other))
  }

  /** The holder of a workspace is suspended for long enough that a claim of another session must succeed. */
  suspendHolder(ms: number): void {
    const { workspaceIds, clock } = this.#world
    const { running } = this.#machine
    const holder = running.find((one) => workspaceIds.some((id) => one.holds(id)))
    const other = running.find((one) => one !== holder && canReceive(one.kind) && !one.life.stopped)
    if (holder === undefined || other === undefined || holder.life.stopped) return
    this.#stop(holder, ms, false)
    clock.after(1_000, () => void this.#claim(holder, other))
  }

  #stop(process: SimProcess, ms: number, hangs: boolean): void {
    const { clock, calmAt, figures } = this.#world
    figures.suspensions++
    process.life.stop()
    if (hangs) this.#hangs.add(process)
    clock.at(Math.min(clock.now() + ms, calmAt), () => {
      this.#hangs.delete(process)
      process.life.resume()
    })
  }

  /** A claim from a session that does not run takes ten seconds at most. */
  async #claim(holder: SimProcess, other: SimProcess): Promise<void> {
    const { clock, faults, workspaceIds } = this.#world
    const held = workspaceIds.filter((id) => holder.holds(id))
    // That one hangs is known only after it was watched for a while.
    const wasQuiet = !this.#machine.hasTrouble() && !this.#hangs.has(holder)
    const begunAt = clock.now()
    await other.call('claim_channel', {})
    const isOver = !holder.life.stopped || other.life.dead || other.life.stopped || this.#machine.hasTrouble()
    if (isOver || !wasQuiet || !canReceive(other.kind) || clock.now() - begunAt < CLAIMED_MS) return
    for (const id of held) {
      if (holder.holds(id)) faults.push(`${id} was claimed and stays with a stopped session`)
    }
  }
}
