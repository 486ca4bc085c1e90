/** A run of numbered messages to one workspace, and the judge's view of what sessions were shown of it. */
import { judge } from '../judge/judge.ts'
import type { Verdict } from '../judge/verdict.ts'
import type { EventParams } from './channel-event.ts'
import type { Chat } from './chat.ts'
import type { Member } from './scene.ts'

const LAST = 'the last message'

export class MessageRun {
  readonly #person: Chat
  readonly #workspaceId: string
  readonly #names: string[] = []

  constructor(person: Chat, { id }: Member) {
    this.#person = person
    this.#workspaceId = id
  }

  /** Writes this many more messages of this many characters, one after the other. */
  async write(count: number, characters: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      const name = `message ${this.#names.length + 1}`
      await this.#send(name, `${name} ${'x'.repeat(characters)}`)
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

  /** @param sessions what each session was shown, in the order of the sessions. */
  judge(...sessions: readonly (readonly EventParams[])[]): Verdict {
    const events = sessions.flatMap((session, number) => session.map((event) => ({ event, number })))
    return judge({
      // The names stand in for the activity ids, which the sender of a message is not told.
      messages: this.#names.map((name) => ({
        workspaceId: this.#workspaceId,
        activityId: name,
        name,
        duty: 'required',
        ordered: true,
      })),
      begun: events.map(({ event: { content, meta }, number }, order) => ({
        workspaceId: meta.workspace_id ?? '',
        activityId: /^message \d+/.exec(content)?.[0] ?? content,
        order,
        session: number + 1,
        redelivered: meta.redelivered === 'true',
      })),
    })
  }
}

/** Whether the last message of a run is among these. */
export function sawLast(events: readonly EventParams[]): boolean {
  return events.some(({ content }) => content === LAST)
}
