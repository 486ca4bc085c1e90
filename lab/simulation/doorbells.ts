/** Sessions that are rung: which lives have one, and what its person does. */
import { Dice } from '../dice.ts'
import type { Showing } from '../judge/evidence.ts'
import { BellBook, MAX_ATTEMPTS } from './bell-book.ts'
import type { Machine } from './machine.ts'
import { RUNG_HOSTS } from './rung-hosts.ts'
import { SimClient } from './sim-client.ts'
import { HOSTS, type HostKind, type SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

const { bySettings, byWord, withoutHooks, inVain, refusing, withChannel } = RUNG_HOSTS
const KINDS: readonly HostKind[] = [
  bySettings,
  bySettings,
  bySettings,
  byWord,
  byWord,
  withoutHooks,
  withChannel,
]
/** All bells, and the time after the last, before a host counts as one that passes none on. */
const IN_VAIN_MS = 25 * 60_000
/** The longest pause between two bells, after a turn whose end nobody reported. */
const ALONE_MS = 20 * 60_000
const ASKED_WITHIN_MS = 3_000
const ASKED_AGAIN_MS = 500
const STARTS_EVERY_MS = 9_000
const SAYS_WITHIN_MS = 8_000
const TYPES_EVERY_MS = 5_000

export class Doorbells {
  readonly book: BellBook
  /** Whether a session is rung in this life, or could be. */
  readonly happens: boolean
  readonly #dice: Dice
  readonly #seed: number
  readonly #world: World
  readonly #machine: Machine
  readonly #first: HostKind | undefined
  readonly #second: HostKind | undefined
  /** Nobody types once the trouble is over, unless the session waits for that. */
  readonly #isAlone: boolean

  constructor(seed: number, world: World, machine: Machine) {
    // Dice of their own: in all other worlds, nothing changes.
    const dice = new Dice(seed, 'doorbells')
    this.#dice = dice
    this.#seed = seed
    this.#world = world
    this.#machine = machine
    const happens = dice.chance(0.25)
    const kind = dice.chance(0.05) ? inVain : dice.chance(0.05) ? refusing : dice.pick(KINDS)
    const isFirst = dice.chance(0.75)
    this.#first = happens && isFirst ? kind : undefined
    const other = dice.pick(KINDS)
    // Another session waits for what the first never reads.
    const isStandby = this.#first === inVain
    this.#second = happens && (!isFirst || isStandby || dice.chance(0.2)) ? other : undefined
    this.#isAlone = happens && dice.chance(0.06)
    this.happens = happens
    this.book = new BellBook({
      clock: world.clock,
      skewMs: () => machine.skewMs,
      words: () => world.platform.workspaces.flatMap(({ feed }) => feed.everything.map(({ text }) => text)),
      onFault: (sentence) => void world.faults.push(sentence),
    })
  }

  firstHost(): HostKind {
    return this.#first ?? HOSTS.withChannel
  }

  /** How long the calm lasts, and by when a host that does not show messages was detected; undefined: as always. */
  get calmMs(): { readonly all: number; readonly foundOut: number } | undefined {
    if (this.#first === inVain) return { all: IN_VAIN_MS + 100_000, foundOut: IN_VAIN_MS }
    return this.#isAlone ? { all: ALONE_MS, foundOut: 60_000 } : undefined
  }

  /** The client of a host that can be rung; undefined for every other one. */
  clientOf({ rung }: HostKind, number: number, process: () => SimProcess): SimClient | undefined {
    if (rung === undefined) return undefined
    const { clock } = this.#world
    return new SimClient({
      dice: new Dice(this.#seed, `client ${number}`),
      clock,
      kind: rung,
      book: this.book,
      isCalm: () => clock.now() >= this.#world.calmAt,
      process,
      onRead: (showing) => this.#world.deeds.consider(process(), showing),
      onTurnEnded: (showings) => this.#turnEnded(process(), showings),
    })
  }

  plan(calmAt: number): void {
    const { clock } = this.#world
    const second = this.#second
    if (second !== undefined) this.#each(STARTS_EVERY_MS, calmAt, () => this.#machine.startSecond(second))
    if (this.#first === undefined && second === undefined) return
    clock.at(clock.now() + this.#dice.upTo(SAYS_WITHIN_MS), () => this.#say())
    this.#each(TYPES_EVERY_MS, calmAt, () => {
      const { running, deeds } = this.#world
      const rung = running.filter(({ client }) => client !== undefined)
      if (rung.length > 0) deeds.act(this.#dice.pick(rung))
    })
    // Everything is read, unless nobody is there to ask for it.
    if (!this.#isAlone) clock.at(calmAt + this.#dice.upTo(ASKED_WITHIN_MS), () => this.#askAll())
  }

  /** The person asks for messages in sessions whose settings do not. */
  #say(): void {
    for (const process of this.#world.running) {
      if (process.kind.rung?.isAsked === false) process.client?.type(() => process.call('claim_channel', {}))
    }
  }

  /** Called when every session has had the time to find out whether it can be rung. */
  judgeRoutes(): void {
    for (const { kind, session, life } of this.#world.running) {
      const { rung, listens } = kind
      if (rung === undefined) continue
      const isDue = rung.isAsked && rung.passesOn && !listens && !life.dead
      if (isDue && !session.isRung()) this.#fault(life.number, 'is not rung, though its person asked for it')
      if ((listens || rung.refusal !== undefined) && session.isRung()) {
        this.#fault(life.number, 'is rung, though it must not be')
      }
    }
    for (const process of this.#world.running) {
      // Without any report of a hook, nothing shows that no bell was passed on.
      const isDue = process.client?.hooked === true && this.book.attempts(process) === MAX_ATTEMPTS
      if (process.kind !== inVain || !isDue) continue
      if (this.#world.workspaceIds.some((id) => process.holds(id))) {
        this.#fault(process.life.number, 'keeps its workspaces, though its host passes no bell on')
      }
    }
  }

  #fault(process: number, what: string): void {
    this.#world.faults.push(`process ${process} ${what}`)
  }

  #each(everyMs: number, calmAt: number, run: () => void): void {
    const { clock } = this.#world
    for (let at = clock.now() + this.#dice.upTo(everyMs); at < calmAt; at += this.#dice.upTo(2 * everyMs)) {
      clock.at(at, run)
    }
  }

  /** The person asks each session that is rung to read what waits, as soon as it is idle. */
  #askAll(): void {
    for (const { client, life } of this.#world.running) {
      if (client === undefined) continue
      const stop = this.#world.clock.every(ASKED_AGAIN_MS, () => {
        if (life.dead || client.type(() => client.readAll())) stop()
      })
    }
  }

  /** The model has read what it was given in a turn. */
  #turnEnded(process: SimProcess, showings: readonly Showing[]): void {
    const { deeds, clock } = this.#world
    deeds.prompt(process)
    clock.after(0, () => {
      for (const showing of showings) this.#world.noteReceipt(process, showing)
    })
  }
}
