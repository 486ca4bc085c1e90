/**
 * What the person has sent and the log does not show yet. A message that failed stays, to be sent again under the same id,
 * of which the platform keeps only one. Texts survive a reload; files do not, once their page is gone.
 */
import { keep, recall } from './kept.js'

const NAME = 'outbox'
const AWAY = 'It leaves when the platform is back.'
const CLOSED = 'The page was closed before this was sent.'

export class Outbox {
  #client
  #messages
  #onChange
  #onSent
  /** Messages to one agent leave in their order. */
  #last = new Map()

  /** @param onSent called after the platform took a message; resolves once the log was read */
  constructor(client, { onChange, onSent }) {
    this.#client = client
    this.#onChange = onChange
    this.#onSent = onSent
    this.#messages = recall(NAME, []).map((message) => ({
      ...message,
      files: [],
      state: 'failed',
      why: message.unreached ? AWAY : CLOSED,
    }))
  }

  #of(agent) {
    return this.#messages.filter((message) => message.agent === agent)
  }

  add(agent, text, files) {
    const message = { id: newUuid(), agent, text, files, at: new Date().toISOString() }
    this.#messages.push(message)
    this.#send(message)
  }

  retry(id) {
    const message = this.#messages.find((one) => one.id === id)
    if (message?.state === 'failed') this.#send(message)
  }

  discard(id) {
    this.#remove((message) => message.id === id)
  }

  /** What the log shows has arrived, whatever this page heard of it. */
  settle(rows) {
    const waiting = new Set(this.#messages.filter(({ state }) => state === 'failed').map(({ id }) => id))
    if (waiting.size === 0) return
    const stored = new Set(rows.map(idOf).filter((id) => waiting.has(id)))
    if (stored.size > 0) this.#remove(({ id }) => stored.has(id))
  }

  /** The messages to an agent that the log does not show. */
  unstored(agent, rows) {
    const messages = this.#of(agent)
    if (messages.length === 0) return messages
    const stored = new Set(rows.map(idOf))
    return messages.filter(({ id }) => !stored.has(id))
  }

  /** The platform is there again: what could not reach it leaves now. */
  retryUnreached() {
    for (const message of this.#messages) if (message.unreached) this.#send(message)
  }

  #send(message) {
    Object.assign(message, { state: 'sending', why: undefined, unreached: false })
    this.#changed()
    const before = this.#last.get(message.agent) ?? Promise.resolve()
    this.#last.set(
      message.agent,
      before.then(() => this.#deliver(message)),
    )
  }

  async #deliver(message) {
    const { agent, id, text, files } = message
    try {
      // Files that an earlier try has staged are not staged again.
      message.staged ??= files.length === 0 ? [] : await this.#client.upload(agent, files)
      await this.#client.write(agent, id, text, message.staged)
    } catch (error) {
      // A platform that starts again may have another token, with which the page comes back.
      const unreached = error.status === 0 || error.status === 401
      Object.assign(message, { state: 'failed', why: unreached ? AWAY : error.message, unreached })
      return this.#changed()
    }
    message.state = 'sent'
    await this.#onSent()
    this.#remove((one) => one === message)
  }

  #remove(isGone) {
    this.#messages = this.#messages.filter((message) => !isGone(message))
    this.#changed()
  }

  #changed() {
    const lasting = this.#messages.filter(({ files, staged }) => files.length === 0 || staged !== undefined)
    keep(
      NAME,
      lasting.map(({ id, agent, text, at, staged, unreached }) => ({
        id,
        agent,
        text,
        at,
        staged,
        unreached,
      })),
    )
    this.#onChange()
  }
}

function idOf(row) {
  return row.request_body?.params?.message?.messageId
}

/** `crypto.randomUUID` is missing outside secure contexts. */
function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
