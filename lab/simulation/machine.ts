/** The user's machine: its processes, which die one by one or all together, and its disk, which fills up. */
import type { DeliveryRecord, Erasure, MessageId, Showing } from '../judge/evidence.ts'
import { DiskTrouble } from './disk-trouble.ts'
import { erasuresBetween } from './erasure.ts'
import { type Death, Life } from './life.ts'
import { SimHost } from './sim-host.ts'
import { EphemeralLog, HOSTS, type HostKind, SimProcess } from './sim-process.ts'
import { Standstills } from './standstills.ts'
import type { LedgerCopy, LogMark } from './storage.ts'
import type { World } from './world.ts'

/** How often the user types into a session whose host shows no messages. */
const TYPING_INTERVAL_MS = 20_000

/** What a session learns of a message that the platform holds for received: a repeat is marked. */
const RECEIVED_BEFORE: DeliveryRecord = { state: 'received', attempts: 1 }

export class Machine {
  readonly erasures: Erasure[] = []
  readonly disk: DiskTrouble
  /** How far its clock is ahead of the true one, in milliseconds. */
  skewMs = 0
  readonly #world: World
  readonly #standstills: Standstills
  /** By slot: the process in the first is restarted whenever it ends. */
  readonly #running = new Map<number, SimProcess>()
  /** In most runs too few for any message to use up its attempts. */
  #deaths: number

  constructor(world: World) {
    const { clock, dice, figures } = world
    this.#world = world
    this.disk = new DiskTrouble({ clock, dice, calmAt: () => world.calmAt, figures })
    this.#standstills = new Standstills(world, this)
    this.#deaths = world.dice.pick([0, 0, 1, 1, 2, 6])
  }

  get running(): readonly SimProcess[] {
    return [...this.#running.values()]
  }

  /** @param kind of the host; the same one starts again whenever it ends. */
  startFirst(kind: HostKind = HOSTS.withChannel): void {
    this.#start(0, kind)
  }

  /** @param kind of its host. Default: drawn. */
  startSecond(kind?: HostKind): void {
    const kinds = [HOSTS.withChannel, HOSTS.withoutHooks, ...Object.values(HOSTS)]
    this.#start(1, kind ?? this.#world.dice.pick(kinds))
  }

  /** The user suspends a session for some time, or it hangs, and claims its workspaces in another, if there is one. */
  suspend(ms: number): void {
    this.#standstills.suspend(ms)
  }

  /** As {@link suspend}, for the session that receives and long enough for a claim. */
  suspendHolder(ms: number): void {
    this.#standstills.suspendHolder(ms)
  }

  /** The disk is full, or another program writes to the ledger. */
  hasTrouble(): boolean {
    return this.disk.isOn || this.#world.deeds.revoked.size > 0
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
      client: this.#world.doorbells.clientOf(kind, number, () => process),
      isFull: this.disk.isFull,
      isBusy: this.disk.isBusy,
      stoppedOf: (pid) => this.#standstills.stoppedOf(pid),
      skewMs: () => this.skewMs,
      log: new EphemeralLog({ clock, write: (line) => this.#world.noteLog(line) }),
      onResult: (tool, outcome) => deeds.noteResult(process, tool, outcome),
    })
    this.#running.set(slot, process)
    if (!kind.listens && kind.rung === undefined) this.#typeOn(process)
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
    const { figures, storage, dice } = this.#world
    figures.powerCuts++
    this.#goBack(() => {
      if (storage.cut(dice.random)) figures.tornWrites++
    })
  }

  /**
   * Every process dies, and finds an old copy of its ledger when it starts again.
   *
   * @param isKnown whether the platform can say that a message which is not in the copy was received.
   */
  restoreFolder(copy: LedgerCopy, isKnown: (id: MessageId) => boolean): void {
    const { figures, storage } = this.#world
    figures.foldersRestored++
    this.#goBack(
      () => storage.putBack(copy),
      (erasure) =>
        erasure.after === undefined && isKnown(erasure) ? { ...erasure, after: RECEIVED_BEFORE } : erasure,
    )
  }

  #goBack(change: () => void, judged: (erasure: Erasure) => Erasure = (erasure) => erasure): void {
    const { storage, sightings } = this.#world
    const ended = [...this.#running]
    for (const [, process] of ended) {
      this.#end(process)
      process.host.end()
    }
    const before = storage.records()
    change()
    const erasures = erasuresBetween(before, storage.records(), sightings.begun.length)
    this.erasures.push(...erasures.map(judged))
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

  /** Ends the sessions whose hosts do not listen, and makes one run that does: everything they held must be shown. */
  endDeaf(): void {
    this.#judgeBeginnings()
    this.#world.doorbells.judgeRoutes()
    for (const [slot, process] of [...this.#running]) if (!process.receives) this.#quit(slot, process)
    this.startFirst()
  }

  /** A session that does not receive looks at the feed when its user types, and so settles where reading begins. */
  #judgeBeginnings(): void {
    const { platform, storage, faults } = this.#world
    const typed = this.running.some(
      ({ kind, host, life }) =>
        !kind.listens && kind.rung === undefined && kind.hooks && !host.frozen && !life.stopped,
    )
    if (!typed || this.running.some(({ receives }) => receives) || this.hasTrouble()) return
    for (const { id, feed } of platform.workspaces) {
      // Of one or two rows, none may be readable.
      if (feed.everything.length > 2 && !storage.hasCursor(id)) faults.push(`no session has looked at ${id}`)
    }
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
