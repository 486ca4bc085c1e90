/** What hosts, models and users do with the plugin besides reading messages, and the expected outcomes. */
import type { Outcome } from '../../plugin/host/tools/tool.ts'
import type { Showing } from '../judge/evidence.ts'
import { COLLEAGUE } from './people.ts'
import type { SimWorkspace } from './platform/sim-workspace.ts'
import { canReceive, type SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** A permission request that a host made. */
export interface Question {
  readonly requestId: string
  readonly workspaceId: string
  readonly process: SimProcess
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  /** The person's first answer, and when it was given. */
  answer?: { readonly allowed: boolean; readonly at: number }
  /** The session has visibly moved on, so the answer in the chat may come too late. */
  settled: boolean
}

const LETTERS = 'abcdefghijkmnopqrstuvwxyz'

export class Deeds {
  readonly #world: World
  readonly questions: Question[] = []
  /** Ids of the tasks that a call reported as left with the platform. */
  readonly left = new Set<string>()
  /** When the token of a workspace was revoked, and when it became valid again. */
  readonly revoked = new Map<string, number>()
  readonly restored = new Map<string, number>()
  #asked = 0

  constructor(world: World) {
    this.#world = world
  }

  /** One random action in one session. */
  act(process: SimProcess): void {
    if (process.life.dead || process.host.frozen) return
    const { dice } = this.#world
    const deed = dice.pick<() => unknown>([
      () => this.#type(process),
      () => this.#type(process),
      () => this.#look(process),
      () => this.#delegate(process),
      () => this.#leave(process),
      () => this.#claim(process),
      () => this.ask(process),
    ])
    if (process.client === undefined) deed()
    else process.client.type(async () => deed())
  }

  /** The model was given a message, and sometimes answers. */
  consider(process: SimProcess, { activityId }: Showing): void {
    const { dice } = this.#world
    if (dice.chance(0.03))
      void process.call('reply_to_workspace', { activity_id: activityId, text: 'an answer' })
    else if (dice.chance(0.02)) void process.call('inbox', { mark_done: [activityId] })
  }

  /** The messages that a result shows: the answers that a call waited for. */
  noteResult({ life }: SimProcess, tool: string, outcome: Outcome): readonly Showing[] {
    const { platform, sightings } = this.#world
    if (outcome.onSent !== undefined && tool === 'read_messages') {
      this.#world.doorbells.book.pages++
      return sightings.beginPage(outcome.text, life.number)
    }
    // A list of what arrived is no answer, whatever it quotes.
    if (outcome.onSent === undefined || tool === 'inbox') return []
    return platform.workspaces.flatMap(({ id: workspaceId, feed }) =>
      feed.everything
        .filter(({ delegationId, text }) => delegationId !== undefined && outcome.text.includes(text))
        .map(({ id: activityId }) =>
          sightings.note({ activityId, workspaceId, redelivered: false, session: life.number }),
        ),
    )
  }

  /** The host submits a prompt, so its dialogs are closed. */
  prompt(process: SimProcess): void {
    for (const question of this.questions) if (question.process === process) question.settled = true
  }

  /** The host asks for permission, and the person in the chat answers, or does not. */
  ask(process: SimProcess): void {
    const { dice, clock, platform, relays } = this.#world
    const workspace = platform.workspaces[0]
    // Only a host with the channel asks the chat.
    if (!relays || workspace === undefined || process.client !== undefined) return
    const requestId = this.#nextRequestId()
    const question: Question = {
      requestId,
      workspaceId: workspace.id,
      process,
      askedAt: clock.now(),
      settled: false,
    }
    this.questions.push(question)
    process.session.permissions.ask({
      request_id: requestId,
      tool_name: 'Bash',
      description: '',
      input_preview: '',
    })
    if (dice.chance(0.2)) return
    clock.after(dice.upTo(4_000), () => {
      // The request may not have reached the chat.
      if (!workspace.records.notices.some(({ text }) => text.includes(requestId))) return
      const allowed = dice.chance(0.5)
      workspace.feed.add({ text: `${allowed ? 'yes' : 'no'} ${requestId}` })
      question.answer ??= { allowed, at: clock.now() }
    })
  }

  #type(process: SimProcess): void {
    // The prompt is the deed where the turn is simulated.
    if (process.client === undefined) process.type()
    this.prompt(process)
  }

  #look(process: SimProcess): Promise<unknown> {
    return process.call(this.#world.dice.chance(0.5) ? 'status' : 'inbox', {})
  }

  #delegate(process: SimProcess): void {
    const { dice, clock } = this.#world
    const gaveUp = new AbortController()
    if (dice.chance(0.2)) clock.after(dice.upTo(10_000), () => gaveUp.abort())
    const args = {
      workspace_id: COLLEAGUE.id,
      task: 'a task',
      wait_seconds: dice.pick([0, 0, 20, 60]),
      _as_workspace: this.#workspace().id,
    }
    void process.call('delegate_task', args, gaveUp.signal)
  }

  #leave(process: SimProcess): void {
    const call = process.call('delegate_task_async', {
      workspace_id: COLLEAGUE.id,
      task: 'a task',
      _as_workspace: this.#workspace().id,
    })
    void call.then((outcome) => {
      const [, id] = /Task (\S+) was left with the platform/.exec(outcome?.text ?? '') ?? []
      if (id !== undefined && outcome?.text.includes('cannot be tracked') === false) this.left.add(id)
    })
  }

  #claim(process: SimProcess): Promise<unknown> | undefined {
    if (!canReceive(process.kind)) return
    this.#world.figures.claims++
    return process.call('claim_channel', {})
  }

  #nextRequestId(): string {
    let rest = this.#asked++
    let id = ''
    while (id.length < 5) {
      id = `${LETTERS[rest % LETTERS.length]}${id}`
      rest = Math.floor(rest / LETTERS.length)
    }
    return id
  }

  #workspace(): SimWorkspace {
    return this.#world.dice.pick(this.#world.platform.workspaces)
  }
}
