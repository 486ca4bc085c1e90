import { expect, setDefaultTimeout, test } from 'bun:test'
import { z } from 'zod'
import { Dice } from '../../lab/dice.ts'
import { type EventParams, promptOf } from '../../lab/driver/channel-event.ts'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { MessageRun, sawLast } from '../../lab/driver/message-run.ts'
import { pause } from '../../lab/driver/pause.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { WITHOUT_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

import { elapsedMs } from '../../lab/stopwatch.ts'

setDefaultTimeout(300_000)

const MESSAGES = 500
/** While all messages are written and sessions come and go. */
const TURMOIL_MS = 4_000
const SEED = Number(process.env.MANY_SESSIONS_SEED ?? 20_261_121)

const SENT = 'SELECT activity_id AS id, sent_at AS at FROM message WHERE sent_at IS NOT NULL'
const sentSchema = z.array(z.object({ id: z.string(), at: z.number() }))

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
  /** Nobody reads what is written to these. */
  readonly #ending = new Set<PluginProcess>()
  readonly #until = elapsedMs() + TURMOIL_MS

  constructor(scene: Scene, member: Member) {
    this.#scene = scene
    this.#member = member
  }

  /** On a slow machine, a session may end before it receives. */
  get over(): boolean {
    return elapsedMs() > this.#until && new Set(receivers(this.#scene).map(({ pid }) => pid)).size > 1
  }

  /** Calls a tool without waiting for the result. */
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

  /** Runs one session after another. */
  async run(seed: number): Promise<void> {
    const dice = new Dice(seed)
    while (!this.over) {
      const { kind, plugin } = this.begin(dice.pick(KINDS))
      const [lifeMs, claimsAfter, isKilled] = [dice.between(1_700, 3_200), dice.random(), dice.chance(0.5)]
      await plugin.connect(kind === 'has no channel' ? 'claude-code' : undefined)
      if (kind === 'only lists the tools') {
        await this.#end(plugin, 'SIGINT')
      } else {
        // The pace of the sessions is the point of this test.
        await pause(lifeMs * claimsAfter)
        if (kind === 'claims') this.#call(plugin, 'claim_channel', {})
        if (kind === 'has no channel') this.#call(plugin, 'channel_receipt', { prompt: 'typed' })
        await pause(lifeMs * (1 - claimsAfter))
        await this.#end(plugin, isKilled ? 'SIGKILL' : 'SIGINT')
      }
    }
  }

  /** Writes all messages, evenly over the time. */
  async write(messages: MessageRun): Promise<void> {
    const pauseMs = (TURMOIL_MS - 500) / MESSAGES
    const start = elapsedMs()
    for (let n = 1; n <= MESSAGES; n++) {
      await pause(Math.max(0, start + n * pauseMs - elapsedMs()))
      await messages.write(1, 0)
    }
  }
}

/** Which process received from when on, by the log. */
function receivers(scene: Scene): readonly { readonly at: number; readonly pid: number }[] {
  return [...scene.log().matchAll(/^(\S+) (\d+) info .* is received here$/gm)]
    .map(([, at = '', pid]) => ({ at: Date.parse(at), pid: Number(pid) }))
    .sort((a, b) => a.at - b.at)
}

const numberIn = ({ content }: EventParams): number => Number(/^message (\d+)/.exec(content)?.[1] ?? 0)

test(`sessions that come and go lose nothing and repeat nothing unmarked, and only the holder is shown messages (seed ${SEED})`, async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const turmoil = new Turmoil(scene, member)
  const places = [1, 2, 3].map((place) => turmoil.run(SEED * 10 + place))
  const messages = new MessageRun(scene.person, member)
  await turmoil.write(messages)
  await Promise.all(places)
  const { plugin: last } = turmoil.begin('receives and confirms')
  await last.connect()
  await messages.writeLast()
  await until('everything to be shown', () => sawLast(last.events))

  const { lives } = turmoil
  const hearing = lives.filter(({ kind }) => HEARS.includes(kind))
  expect(messages.judgeConcurrent(...hearing.map(({ plugin }) => plugin.events)).faults).toEqual([])
  const deaf = lives.filter(({ kind }) => !HEARS.includes(kind))
  expect(deaf.flatMap(({ plugin }) => plugin.events)).toEqual([])
  // Each session is shown new messages in order.
  for (const { plugin } of hearing) {
    const fresh = plugin.events
      .filter(({ content, meta }) => content.startsWith('message ') && meta.redelivered === undefined)
      .map(numberIn)
    expect(fresh.toSorted((a, b) => a - b)).toEqual(fresh)
  }
  // Each message was last sent by the session that then held the workspace.
  const holds = receivers(scene)
  const heldAt = (time: number): number | undefined => holds.findLast(({ at }) => at <= time)?.pid
  const rows = sentSchema.parse(ledgerRows(scene.path('state'), SENT))
  const wrong = rows.filter(({ id, at }) => {
    const shownBy = lives.filter(({ plugin }) => plugin.events.some(({ meta }) => meta.activity_id === id))
    return !shownBy.some(({ pid }) => pid === heldAt(at))
  })
  expect(wrong).toEqual([])
  expect(new Set(holds.map(({ pid }) => pid)).size).toBeGreaterThan(1)
})
