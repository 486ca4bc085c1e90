/** A stand-in for Claude Code whose session is rung: its hooks report each bell, and its model follows it. */
import { elapsedMs } from '../stopwatch.ts'
import type { Host } from './host.ts'
import { InboxSocket, type PutPrompt } from './inbox-socket.ts'
import type { Scene } from './scene.ts'

export interface Read {
  /** The result of the call. */
  readonly text: string
  /** When it came, by `elapsedMs`. */
  readonly at: number
}

/** As Claude Code names itself, in a version that takes bells. */
const CLAUDE_CODE = { clientName: 'claude-code', clientVersion: '2.1.332' } as const
const MORE = 'call read_messages again'

export class RungHost implements AsyncDisposable {
  readonly inbox: InboxSocket
  readonly host: Host
  readonly reads: Read[] = []
  /** Turns follow one another. */
  #turn: Promise<void> = Promise.resolve()
  #ended = false

  private constructor(inbox: InboxSocket, host: Host) {
    this.inbox = inbox
    this.host = host
  }

  /** @param settings of the workspace; the doorbell is switched on. */
  static async start(scene: Scene, settings: Readonly<Record<string, string>>): Promise<RungHost> {
    const early: PutPrompt[] = []
    let take = (put: PutPrompt): void => void early.push(put)
    const inbox = await InboxSocket.open((put) => take(put))
    const env = { ...settings, ...inbox.env, MOLECULE_CHANNEL: 'doorbell' }
    const host = await scene.host(env, CLAUDE_CODE)
    const rung = new RungHost(inbox, host)
    take = (put) => rung.#follow(put)
    for (const put of early) rung.#follow(put)
    return rung
  }

  /** Resolves when the turns that were begun have ended. */
  get idle(): Promise<void> {
    return this.#turn
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#turn
    await this.host.close()
    await this.inbox[Symbol.asyncDispose]()
  }

  #follow({ prompt }: PutPrompt): void {
    const turn = async (): Promise<void> => {
      if (this.#ended) return
      await this.host.call('channel_receipt', { prompt })
      for (let more = true; more; ) {
        const { text } = await this.host.call('read_messages')
        this.reads.push({ text, at: elapsedMs() })
        more = text.includes(MORE)
      }
      await this.host.call('channel_receipt', { turn: 'ended' })
    }
    this.#turn = this.#turn.then(turn).catch((error: unknown) => {
      if (!this.#ended) throw error
    })
  }
}
