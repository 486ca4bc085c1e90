/** A run of numbered messages to one workspace, and the judge's view of what sessions were shown of it. */
import type { Message, Showing } from '../judge/evidence.ts'
import { judge } from '../judge/judge.ts'
import type { Verdict } from '../judge/verdict.ts'
import type { EventParams } from './channel-event.ts'
import type { Chat } from './chat.ts'
import type { Member } from './scene.ts'

const LAST = 'the last message'

export class MessageRun {
  readonly #person: Pick<Chat, 'write'>
  readonly #workspaceId: string
  readonly #names: string[] = []

  constructor(person: Pick<Chat, 'write'>, { id }: Member) {
    this.#person = person
    this.#workspaceId = id
  }

  /** Writes this many more messages of this many characters, one after the other. */
  async write(count: number, characters: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      const name = `message ${this.#names.length + 1}`
      await this.#send(name, `${name} ${'x'.repeat(characters)}`.trim())
    }
  }

  /** Writes the last message: once it is shown, so is everything before it, since order is kept. */
  async writeLast(): Promise<void> {
    await this.#send(LAST, LAST)
  }

  async #send(name: string, text: string): Promise<void> {
    await this.#person.write(this.#workspaceId, text)
    this.#names.push(name)
  }

  /** @param sessions what each session was shown; none began before the one before it had ended. */
  judge(...sessions: readonly (readonly EventParams[])[]): Verdict {
    return judge({ messages: this.#messages(true), written: showingsIn(sessions) })
  }

  /**
   * Judges sessions that ran side by side. What they were shown is known for each, but not which of them wrote first:
   * a repeat counts as later than the showing without the mark, and the order of first showings is not judged.
   */
  judgeConcurrent(...sessions: readonly (readonly EventParams[])[]): Verdict {
    const written = showingsIn(sessions)
      .toSorted((a, b) => Number(a.redelivered) - Number(b.redelivered))
      .map((showing, order) => ({ ...showing, order }))
    return judge({ messages: this.#messages(false), written })
  }

  /** The names stand in for the activity ids, which the sender of a message does not learn. */
  #messages(ordered: boolean): readonly Message[] {
    return this.#names.map((name) => ({
      workspaceId: this.#workspaceId,
      activityId: name,
      name,
      duty: 'required',
      ordered,
    }))
  }
}

function showingsIn(sessions: readonly (readonly EventParams[])[]): readonly Showing[] {
  const events = sessions.flatMap((session, index) => session.map((event) => ({ event, session: index + 1 })))
  return events.map(({ event: { content, meta }, session }, order) => ({
    workspaceId: meta.workspace_id ?? '',
    activityId: /^message \d+/.exec(content)?.[0] ?? content,
    order,
    session,
    redelivered: meta.redelivered === 'true',
  }))
}

/** Whether the last message of a run is among these. */
export function sawLast(events: readonly EventParams[]): boolean {
  return events.some(({ content }) => content === LAST)
}
