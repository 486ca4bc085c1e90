/**
 * Stands for the inbox that Claude Code binds for a session, and names to the plugin that it starts. Takes only what the
 * client would take: the line with the token first, then complete lines.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { elapsedMs } from '../stopwatch.ts'

export interface PutPrompt {
  readonly prompt: string
  /** When it was read, by {@link elapsedMs}. */
  readonly at: number
}

/** The client takes no longer line. */
const MAX_LINE_CHARS = 1_048_576
const authSchema = z.object({ type: z.literal('auth'), token: z.string() })
const userSchema = z.object({
  type: z.literal('user'),
  message: z.object({ role: z.literal('user'), content: z.string() }),
})

export class InboxSocket implements AsyncDisposable {
  readonly prompts: PutPrompt[] = []
  /** Connections that did not begin with the token, or wrote what is no prompt. */
  refused = 0
  /** Variables for the plugin, which must be a child of this process. */
  readonly env: Readonly<Record<string, string>>
  readonly #folder: string
  readonly #server: Server
  readonly #onPrompt: (put: PutPrompt) => void

  private constructor(onPrompt: (put: PutPrompt) => void) {
    this.#onPrompt = onPrompt
    this.#folder = mkdtempSync(join(tmpdir(), 'molecule-inbox-'))
    const sockets = join(this.#folder, 'cc-socks')
    mkdirSync(sockets, { mode: 0o700 })
    const token = crypto.randomUUID().replaceAll('-', '')
    this.env = {
      CLAUDE_CODE_MESSAGING_SOCKET: join(sockets, `${process.pid}.sock`),
      CLAUDE_CODE_MESSAGING_TOKEN: token,
    }
    this.#server = createServer((socket) => {
      let text = ''
      socket.setEncoding('utf8')
      socket.on('data', (part: string) => {
        text += part
      })
      socket.on('end', () => this.#take(text, token))
      // A plugin that is killed breaks its connection.
      socket.on('error', () => undefined)
    })
  }

  /** @param onPrompt called for each prompt that is put there. */
  static async open(onPrompt: (put: PutPrompt) => void = () => undefined): Promise<InboxSocket> {
    const inbox = new InboxSocket(onPrompt)
    const { CLAUDE_CODE_MESSAGING_SOCKET: path = '' } = inbox.env
    await new Promise<void>((resolve, reject) => {
      inbox.#server.once('error', reject)
      inbox.#server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
    return inbox
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #take(text: string, token: string): void {
    const [first = '', ...lines] = text.split('\n')
    const auth = authSchema.safeParse(parse(first))
    const last = lines.pop()
    if (auth.data?.token !== token || last !== '') {
      this.refused++
      return
    }
    for (const line of lines) {
      const user = userSchema.safeParse(parse(line))
      if (!user.success || line.length > MAX_LINE_CHARS) {
        this.refused++
        continue
      }
      const put = { prompt: user.data.message.content, at: elapsedMs() }
      this.prompts.push(put)
      this.#onPrompt(put)
    }
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
