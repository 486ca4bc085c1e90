/**
 * What the page sends to the platform: requests with the operator token, and the socket that announces
 * changes.
 */
import { bytesOf, pathOf } from './files.js'

/** A request failed; `status` is 0 when the platform could not be reached. */
export class PlatformError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

const RECONNECT_MS = 2000
const SAVE_MS = 60_000

export class PlatformClient {
  #token
  #socket
  #listening = false

  constructor(token) {
    this.#token = token
  }

  members() {
    return this.#request('GET', '/workspaces')
  }

  create(workspace) {
    return this.#request('POST', '/workspaces', { ...workspace, external: true, delivery_mode: 'poll' })
  }

  rename(id, names) {
    return this.#request('PATCH', `/workspaces/${id}`, names)
  }

  /** Removes a workspace and all below it. Its name says that it is the one that is meant. */
  remove({ id, name }) {
    const confirmation = { 'X-Confirm-Name': latin1(name) }
    return this.#request('DELETE', `/workspaces/${id}?confirm=true`, undefined, confirmation)
  }

  tokens(id) {
    return this.#request('GET', `/workspaces/${id}/tokens`)
  }

  /** A new token, which nobody can read again. */
  mint(id) {
    return this.#request('POST', `/admin/workspaces/${id}/tokens`)
  }

  /** A code that gets a session its token: good once, for ten minutes. */
  invite(id) {
    return this.#request('POST', `/admin/workspaces/${id}/invite-codes`)
  }

  revoke(id, tokenId) {
    return this.#request('DELETE', `/workspaces/${id}/tokens/${tokenId}`)
  }

  /** What is open. A platform of an older generation knows no requests. */
  async pendingRequests() {
    return (await this.#unlessMissing(() => this.#request('GET', '/requests/pending'))) ?? []
  }

  async readRequest(id) {
    return (await this.#unlessMissing(() => this.#request('GET', `/requests/${id}`)))?.request
  }

  respond(id, answer) {
    return this.#request('POST', `/requests/${id}/respond`, answer)
  }

  writeAbout(id, body) {
    return this.#request('POST', `/requests/${id}/messages`, {
      body,
      author_type: 'user',
      author_id: 'human',
    })
  }

  /** Rows of all workspaces: after a number, oldest first, or else the newest before one, newest first. */
  teamLog(query) {
    return this.#request('GET', `/admin/activity?${new URLSearchParams({ ...query, include: 'receipts' })}`)
  }

  /** A second try must use the same message id; the platform then keeps only one. */
  write(id, messageId, text, files) {
    const parts = [
      ...(text === '' ? [] : [{ kind: 'text', text }]),
      ...files.map((file) => ({ kind: 'file', file })),
    ]
    return this.#request('POST', `/workspaces/${id}/a2a`, {
      jsonrpc: '2.0',
      id: messageId,
      method: 'message/send',
      params: { message: { role: 'user', messageId, parts } },
    })
  }

  /** Stages files for an agent. Returns the file parts for a message. */
  async upload(id, files) {
    const form = new FormData()
    for (const file of files) form.append('files', file)
    return (await (await this.#fetch('POST', `/workspaces/${id}/chat/uploads`, form)).json()).files
  }

  /** The content of a file: one that came inside its message, or one that the platform keeps. */
  async load(file) {
    const path = pathOf(file)
    return path === undefined ? new Blob([bytesOf(file)]) : (await this.#fetch('GET', path)).blob()
  }

  /** Has the browser save a file. */
  async save(file) {
    const content = await this.load(file)
    const address = URL.createObjectURL(content)
    const link = document.createElement('a')
    link.href = address
    link.download = file.name
    link.click()
    // Some browsers read the address only later.
    setTimeout(() => URL.revokeObjectURL(address), SAVE_MS)
  }

  /**
   * Calls `onEvent` for each event of any workspace and `onState` with whether it is connected. Reconnects
   * by itself.
   */
  listen(onEvent, onState) {
    const hex = [...new TextEncoder().encode(this.#token)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
    const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`
    this.#listening = true
    const connect = () => {
      const socket = new WebSocket(address, ['molecule', `molecule-auth.${hex}`])
      this.#socket = socket
      socket.onopen = () => onState(true)
      socket.onmessage = (message) => onEvent(JSON.parse(message.data))
      socket.onclose = () => {
        if (!this.#listening) return
        onState(false)
        setTimeout(() => this.#listening && connect(), RECONNECT_MS)
      }
    }
    connect()
  }

  stopListening() {
    this.#listening = false
    this.#socket?.close()
  }

  async #unlessMissing(step) {
    try {
      return await step()
    } catch (error) {
      if (error.status === 404) return undefined
      throw error
    }
  }

  async #request(method, path, body, headers) {
    return (await this.#fetch(method, path, body, headers)).json()
  }

  async #fetch(method, path, body, headers = {}) {
    let response
    try {
      response = await fetch(path, {
        method,
        headers: { ...headers, Authorization: `Bearer ${this.#token}` },
        body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
      })
    } catch {
      throw new PlatformError(0, 'The platform cannot be reached. What you send now leaves when it is back.')
    }
    if (response.ok) return response
    const answer = await response.json().catch(() => ({}))
    // The platform tells a foreign page nothing, and behind a tunnel this page may look foreign to it.
    if (response.status === 403 && answer.error === undefined) {
      throw new PlatformError(
        403,
        `The platform does not know this address. Start it with --allow-host ${location.hostname}`,
      )
    }
    throw new PlatformError(
      response.status,
      `The platform refused the request (${response.status}): ${answer.error ?? 'no reason given'}${answer.hint ? ` (${answer.hint})` : ''}`,
    )
  }
}

/** A header takes bytes alone, so its text goes as the bytes of UTF-8. */
function latin1(text) {
  return String.fromCharCode(...new TextEncoder().encode(text))
}
