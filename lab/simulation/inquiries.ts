/** Sessions that ask the person something with `ask_person`, and the person, who answers or does not. */
import { Dice } from '../dice.ts'
import type { SimWorkspace } from './platform/sim-workspace.ts'
import type { World } from './world.ts'

const CHOICES = ['red', 'blue'] as const
/** How often a session asks. */
const ASKS_EVERY_MS = 5_000
/** The longest a person takes, mostly. */
const THINKS_MS = 15_000
/** What is said after this is not looked for any more before the end: requests are read once a minute. */
const LAST_WORD_MS = 5_000

export class Inquiries {
  /** Ids of the requests that a session has recorded, as its result says. */
  readonly recorded = new Set<string>()
  readonly #dice: Dice
  readonly #world: World
  readonly #happens: boolean
  #asked = 0

  constructor(seed: number, world: World) {
    // Dice of their own: in all other worlds, nothing changes.
    this.#dice = new Dice(seed, 'inquiries')
    this.#world = world
    this.#happens = this.#dice.chance(0.15)
  }

  get asked(): number {
    return this.#asked
  }

  plan(calmAt: number): void {
    if (!this.#happens) return
    const { clock } = this.#world
    for (
      let at = clock.now() + this.#dice.upTo(ASKS_EVERY_MS);
      at < calmAt;
      at += this.#dice.upTo(2 * ASKS_EVERY_MS)
    )
      clock.at(at, () => this.#ask())
  }

  #ask(): void {
    const { running, platform, clock, calmAt } = this.#world
    if (running.length === 0 || clock.now() >= calmAt) return
    const process = this.#dice.pick(running)
    const workspace = this.#dice.pick(platform.workspaces)
    const title = `question ${++this.#asked}`
    const choices = this.#dice.pick([[], CHOICES, CHOICES, ['yes', 'no']])
    const offered = choices.length === 0 ? {} : { choices }
    const call = process.call('ask_person', { title, ...offered, _as_workspace: workspace.id })
    void call.then((outcome) => {
      const [, id] = /request_id (\S+)\)/.exec(outcome?.text ?? '') ?? []
      if (id !== undefined && !/not (?:be )?recorded/.test(outcome?.text ?? '')) this.recorded.add(id)
    })
    const thinks = this.#dice.upTo(this.#dice.chance(0.2) ? 4 * THINKS_MS : THINKS_MS)
    if (this.#dice.chance(0.9)) clock.after(500 + thinks, () => this.#answer(workspace, title))
  }

  /** Whether or not the session that asked knows by then that its question has arrived. */
  #answer(workspace: SimWorkspace, title: string): void {
    const dice = this.#dice
    const { clock, calmAt } = this.#world
    const request = workspace.requests.all.find((one) => one.title === title)
    if (request === undefined || clock.now() > calmAt + LAST_WORD_MS) return
    const { id, kind, choices } = request
    if (dice.chance(0.3)) {
      workspace.requests.write(id, dice.pick(['what for?', '2', 'Blue']))
      if (dice.chance(0.5)) return
      clock.after(dice.upTo(3_000), () => this.#respond(workspace, id, kind, choices))
      return
    }
    this.#respond(workspace, id, kind, choices)
  }

  #respond({ requests }: SimWorkspace, id: string, kind: string, choices: readonly string[]): void {
    const dice = this.#dice
    const { clock, calmAt } = this.#world
    if (clock.now() > calmAt + LAST_WORD_MS) return
    if (dice.chance(0.2)) requests.respond(id, 'rejected', null)
    else if (kind === 'approval') requests.respond(id, 'approved', null)
    else requests.respond(id, 'done', choices.length > 0 && dice.chance(0.8) ? dice.pick([...choices]) : null)
  }
}
