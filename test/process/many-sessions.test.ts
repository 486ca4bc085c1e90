import { expect, setDefaultTimeout, test } from 'bun:test'
import { Dice } from '../../lab/dice.ts'
import { type EventParams, promptOf } from '../../lab/driver/channel-event.ts'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { MessageRun, sawLast } from '../../lab/driver/message-run.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { WITHOUT_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(40_000)

const MESSAGES = 1_000
/** Within it all messages are written, and sessions come and go. */
const TURMOIL_MS = 5_000
const SEED = Number(process.env.MANY_SESSIONS_SEED ?? 20_261_121)

type Kind = 'receives' | 'receives and confirms' | 'claims' | 'has no channel' | 'only lists the tools'
const KINDS: readonly Kind[] = [
  'receives',
  'receives and confirms',
  'receives and confirms',
  'claims',
  'has no channel',
  'only lists the tools',
]
const HEARS: readonly Kind[] = ['receives', 'receives and confirms', 'claims']

interface Life {
  readonly kind: Kind
  readonly plugin: PluginProcess
  readonly pid: number
}

class Turmoil {
  readonly lives: Life[] = []
  readonly #scene: Scene
  readonly #member: Member
  /** Nobody reads what is written to these any more. */
  readonly #ending = new Set<PluginProcess>()
  readonly #until = performance.now() + TURMOIL_MS

  constructor(scene: Scene, member: Member) {
    this.#scene = scene
    this.#member = member
  }

  get over(): boolean {
    return performance.now() > this.#until
  }

  /** Calls a tool without waiting for what comes of it. */
  #call(plugin: PluginProcess, name: string, args: Readonly<Record<string, unknown>>): void {
    if (this.#ending.has(plugin)) return
    plugin.send('tools/call', { name, arguments: args })
  }

  #end(plugin: PluginProcess, signal: 'SIGINT' | 'SIGKILL'): Promise<number> {
    this.#ending.add(plugin)
    plugin.signal(signal)
    return plugin.exited()
  }

  begin(kind: Kind): Life {
    const settings = this.#scene.settings(this.#member, { MOLECULE_POLL_WINDOW_SECS: '3600' })
    const confirm = (event: EventParams, plugin: PluginProcess): void =>
      this.#call(plugin, 'channel_receipt', { prompt: promptOf(event) })
    const plugin = this.#scene.process(settings, {
      ...(kind === 'has no channel' ? WITHOUT_CHANNEL : {}),
      ...(kind === 'receives and confirms' ? { onEvent: confirm } : {}),
    })
    const life = { kind, plugin, pid: plugin.pid }
    this.lives.push(life)
    return life
  }

  /** One place at which sessions begin and end, one after the other. */
  async run(seed: number): Promise<void> {
    const dice = new Dice(seed)
    while (!this.over) {
      const { kind, plugin } = this.begin(dice.pick(KINDS))
      const [lifeMs, claimsAfter, isKilled] = [dice.between(1_700, 3_200), dice.random(), dice.chance(0.5)]
      await plugin.connect(kind === 'has no channel' ? 'claude-code' : undefined)
      if (kind === 'only lists the tools') {
        await this.#end(plugin, 'SIGINT')
      } else {
        // The pace of the sessions is what this test is about.
        await Bun.sleep(lifeMs * claimsAfter)
        if (kind === 'claims') this.#call(plugin, 'claim_channel', {})
        if (kind === 'has no channel') this.#call(plugin, 'channel_receipt', { prompt: 'typed' })
        await Bun.sleep(lifeMs * (1 - claimsAfter))
        await this.#end(plugin, isKilled ? 'SIGKILL' : 'SIGINT')
      }
    }
  }

  /** Writes all messages, evenly over the time. */
  async write(): Promise<readonly number[]> {
    const written: number[] = []
    const start = performance.now()
    for (let n = 1; n <= MESSAGES; n++) {
      const due = start + (n / MESSAGES) * (TURMOIL_MS - 500)
      if (performance.now() < due) await Bun.sleep(due - performance.now())
      written.push(n)
      await this.#scene.person.write(this.#member.id, `message ${n}`)
    }
    return written
  }
}

/** Who received from when on, as the log tells. */
function receivers(scene: Scene): readonly { readonly at: number; readonly pid: number }[] {
  return [...scene.log().matchAll(/^(\S+) (\d+) info .* is received by this session$/gm)]
    .map(([, at = '', pid]) => ({ at: Date.parse(at), pid: Number(pid) }))
    .sort((a, b) => a.at - b.at)
}

/** The last message has none, which is 0. */
const numberIn = ({ content }: EventParams): number => Number(/^message (\d+)/.exec(content)?.[1] ?? 0)

test(`three sessions that come and go lose nothing, repeat nothing unmarked, and only who holds is given a message (seed ${SEED})`, async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const turmoil = new Turmoil(scene, member)
  const places = [1, 2, 3].map((place) => turmoil.run(SEED * 10 + place))
  const written = await turmoil.write()
  await Promise.all(places)
  const { plugin: last } = turmoil.begin('receives and confirms')
  await last.connect()
  await new MessageRun(scene.person, member).writeLast()
  await until('everything to be given', () => sawLast(last.events), 15_000)

  const { lives } = turmoil
  const hearing = lives.filter(({ kind }) => HEARS.includes(kind))
  const events = hearing.flatMap(({ plugin }) => plugin.events)
  const seen = new Set(events.map(numberIn))
  expect(written.filter((number) => !seen.has(number))).toEqual([])
  // Whatever the order of the sessions was: only one sight of a message bears no mark.
  const unmarked = events.filter(({ meta }) => meta.redelivered === undefined).map(numberIn)
  expect(unmarked.length).toBe(new Set(unmarked).size)
  // Who cannot hear is given nothing.
  const deaf = lives.filter(({ kind }) => !HEARS.includes(kind))
  expect(deaf.flatMap(({ plugin }) => plugin.events)).toEqual([])
  // What is new comes in order to each.
  for (const { plugin } of hearing) {
    const fresh = plugin.events
      .filter(({ content, meta }) => content.startsWith('message ') && meta.redelivered === undefined)
      .map(numberIn)
    expect(fresh.toSorted((a, b) => a - b)).toEqual(fresh)
  }
  // Each message was last sent by who held the workspace then.
  const holds = receivers(scene)
  const heldAt = (time: number): number | undefined => holds.findLast(({ at }) => at <= time)?.pid
  const rows = ledgerRows(
    scene.path('state'),
    'SELECT activity_id AS id, sent_at AS at FROM message WHERE sent_at IS NOT NULL',
  )
  const wrong = (rows as readonly { id: string; at: number }[]).filter(({ id, at }) => {
    const given = lives.filter(({ plugin }) => plugin.events.some(({ meta }) => meta.activity_id === id))
    return !given.some(({ pid }) => pid === heldAt(at))
  })
  expect(wrong).toEqual([])
  expect(new Set(holds.map(({ pid }) => pid)).size).toBeGreaterThan(1)
})
