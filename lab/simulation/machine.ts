/** The user's machine: its processes, which die one by one or all together, and its disk, which fills up. */
import type { Stopped } from '../../member/folder/stopped-process.ts'
import type { Erasure, Showing } from '../judge/evidence.ts'
import { erasuresBetween } from './erasure.ts'
import { type Death, Life } from './life.ts'
import { SimHost } from './sim-host.ts'
import { EphemeralLog, HOSTS, type HostKind, SimProcess } from './sim-process.ts'
import type { LogMark } from './storage.ts'
import type { World } from './world.ts'

/** How often the user types into a session whose host shows no messages. */
const TYPING_INTERVAL_MS = 20_000

export class Machine {
  readonly erasures: Erasure[] = []
  readonly #world: World
  /** By slot: the process in the first is restarted whenever it ends. */
  readonly #running = new Map<number, SimProcess>()
  /** In most runs too few for any message to use up its attempts. */
  #deaths: number
  #fullUntil = 0
  /** Those that stand still while nothing about their process shows it. */
  readonly #hangs = new Set<SimProcess>()
  #busyUntil = 0

  constructor(world: World) {
    this.#world = world
    this.#deaths = world.dice.pick([0, 0, 1, 1, 2, 6])
  }

  get running(): readonly SimProcess[] {
    return [...this.#running.values()]
  }

  startFirst(): void {
    this.#start(0, HOSTS.withChannel)
  }

  startSecond(): void {
    const kinds = [HOSTS.withChannel, HOSTS.withoutHooks, ...Object.values(HOSTS)]
    this.#start(1, this.#world.dice.pick(kinds))
  }

  /** The disk is full for a few seconds. */
  fillDisk(): void {
    const { calmAt, clock, dice } = this.#world
    this.#fullUntil = Math.min(calmAt, clock.now() + dice.upTo(10_000))
  }

  /** Another program writes to the ledger for up to two seconds; now and then it is stopped for up to half a minute. */
  occupyLedger(): void {
    const { calmAt, clock, dice } = this.#world
    this.#busyUntil = Math.min(calmAt, clock.now() + dice.upTo(dice.chance(0.1) ? 30_000 : 2_000))
  }

  /** The user suspends a session for some time, or it hangs, and claims its workspaces in another, if there is one. */
  suspend(ms: number): void {
    const { clock, calmAt, dice, figures } = this.#world
    if (this.running.length === 0) return
    const process = dice.pick(this.running)
    const other = this.running.find((one) => one !== process)
    if (process.life.stopped) return
    figures.suspensions++
    process.life.stop()
    if (dice.chance(0.4)) this.#hangs.add(process)
    if (other !== undefined) clock.after(dice.upTo(2_000), () => void other.call('claim_channel', {}))
    clock.at(Math.min(clock.now() + ms, calmAt), () => {
      this.#hangs.delete(process)
      process.life.resume()
    })
  }

  #stoppedOf(pid: number): Stopped | undefined {
    const process = this.running.find(({ life }) => 1_000 + life.number === pid)
    return process?.life.stopped === true && !this.#hangs.has(process) ? 'plugin' : undefined
  }

  #isBusy(): boolean {
    const { clock, figures } = this.#world
    if (clock.now() >= this.#busyUntil) return false
    figures.busyWrites++
    return true
  }

  #isFull(): boolean {
    const { clock, dice, figures } = this.#world
    if (clock.now() >= this.#fullUntil || dice.chance(0.2)) return false
    figures.diskFailures++
    return true
  }

  #start(slot: number, kind: HostKind): void {
    if (this.#running.has(slot)) return
    const { clock, dice, storage, sightings, calmAt, platform, deeds, figures } = this.#world
    const number = ++figures.sessions
    const trouble = this.#deaths > 0 && clock.now() < calmAt - 5_000
    this.#deaths--
    const death = dice.pick(['killed', 'killed', 'torn', 'power'] as const)
    const fuse = dice.upTo(death === 'torn' ? 40 : 250)
    const life = new Life(number, {
      fuse: trouble && dice.chance(0.7) ? fuse : Number.POSITIVE_INFINITY,
      death,
      onDeath: (how, since) => this.#died(process, slot, how, since),
    })
    const host = new SimHost({
      clock,
      dice,
      sightings,
      process: number,
      listens: kind.listens,
      calmAt,
      onRead: (showings) => this.#read(process, showings),
    })
    const process: SimProcess = new SimProcess({
      life,
      clock,
      storage,
      network: platform.network(life),
      host,
      kind,
      isFull: () => this.#isFull(),
      isBusy: () => this.#isBusy(),
      stoppedOf: (pid) => this.#stoppedOf(pid),
      log: new EphemeralLog({ clock, write: (line) => this.#world.noteLog(line) }),
      onResult: (tool, outcome) => deeds.noteResult(process, tool, outcome),
    })
    this.#running.set(slot, process)
    if (!kind.listens) this.#typeOn(process)
    try {
      process.start()
    } catch (error) {
      if (!life.dead) throw error
    }
    if (trouble && dice.chance(0.5)) this.#planEnd(process, slot)
  }

  #planEnd(process: SimProcess, slot: number): void {
    const { clock, dice, calmAt } = this.#world
    const at = Math.min(clock.now() + dice.upTo(20_000), calmAt)
    // Without receipts a host that stops reading looks like one that reads.
    if (dice.chance(0.2) && process.kind.hooks) {
      clock.at(at - dice.upTo(15_000), () => process.host.freeze())
    }
    clock.at(at, () => {
      if (process.life.dead) return
      // An orderly shutdown releases the locks first.
      if (dice.chance(0.3)) process.session.stop()
      clock.after(dice.upTo(300), () => {
        if (!process.life.dead) this.#died(process, slot, 'killed', undefined)
      })
    })
  }

  #died(process: SimProcess, slot: number, death: Death, since: LogMark | undefined): void {
    const { figures, storage, dice } = this.#world
    figures.crashes++
    const isAlone = this.#running.size === 1
    this.#end(process)
    if (death === 'power') this.powerFails()
    // Another process that has the files open has the whole log.
    if (since !== undefined && isAlone && storage.cut(dice.random, since)) figures.tornWrites++
    if (process.kind.hooks && dice.chance(0.3)) process.host.end()
    this.#startLater(slot, process.kind)
  }

  /** Every process dies, and everything not flushed is lost. */
  powerFails(): void {
    const { figures, storage, dice, sightings } = this.#world
    figures.powerCuts++
    const ended = [...this.#running]
    for (const [, process] of ended) {
      this.#end(process)
      process.host.end()
    }
    const before = storage.records()
    if (storage.cut(dice.random)) figures.tornWrites++
    this.erasures.push(...erasuresBetween(before, storage.records(), sightings.begun.length))
    for (const [slot, { kind }] of ended) this.#startLater(slot, kind)
  }

  #end(process: SimProcess): void {
    for (const [slot, other] of this.#running) if (other === process) this.#running.delete(slot)
    process.kill()
  }

  #startLater(slot: number, kind: HostKind): void {
    const { clock, dice } = this.#world
    if (slot > 0 && dice.chance(0.5)) return
    clock.after(100 + dice.upTo(6_000), () => this.#start(slot, kind))
  }

  /** The user types now and then, which tells a host that shows nothing from one that does. */
  #typeOn(process: SimProcess): void {
    const stop = this.#world.clock.every(TYPING_INTERVAL_MS, () => {
      if (process.life.dead) stop()
      else process.type()
    })
  }

  /** Ends every process. */
  end(): void {
    for (const process of this.running) this.#end(process)
  }

  /** Ends the sessions whose hosts do not listen, and makes the first one run: everything they held must be shown. */
  endDeaf(): void {
    for (const [slot, process] of [...this.#running]) if (!process.kind.listens) this.#quit(slot, process)
    if (this.running.length === 0) this.startFirst()
  }

  /** Ends the sessions that hold nothing: they would only keep trying the locks. */
  endIdle(): void {
    const { workspaceIds } = this.#world
    for (const [slot, process] of [...this.#running]) {
      if (!workspaceIds.some((id) => process.holds(id))) this.#quit(slot, process)
    }
  }

  #quit(slot: number, process: SimProcess): void {
    this.#running.delete(slot)
    process.stop()
  }

  /** Now and then, the host's prompt hook reports that the model was given a message. */
  #read(process: SimProcess, showings: readonly Showing[]): void {
    const { deeds, dice, clock } = this.#world
    for (const showing of showings) {
      deeds.consider(process, showing)
      if (!dice.chance(0.4)) continue
      process.receipt(showing)
      deeds.prompt(process)
      // After the record, which is written once the response has gone out.
      clock.after(0, () => this.#world.noteReceipt(process, showing))
    }
  }
}
