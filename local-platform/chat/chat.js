// The web chat: who is in the team, what was said, and a place to write. The rows are read from the platform; its events only
// say when to look.

import { memberElement, messageElement, messageOf } from './conversation.js'
import { PlatformClient, PlatformError } from './platform-client.js'

const TOKEN_KEY = 'molecule-operator-token'
const QUIET_POLL_MS = 30_000
const BLIND_POLL_MS = 3_000
const PAGE = 100

const byId = (id) => document.getElementById(id)

/** Reads the token from the address, keeps it for this tab, and takes it out of the address and the history. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given) sessionStorage.setItem(TOKEN_KEY, given)
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  return sessionStorage.getItem(TOKEN_KEY)
}

function signIn(reason) {
  byId('app').hidden = true
  byId('sign-in').hidden = false
  if (reason) byId('sign-in-reason').textContent = reason
  byId('sign-in-form').onsubmit = (event) => {
    event.preventDefault()
    sessionStorage.setItem(TOKEN_KEY, byId('token').value.trim())
    location.reload()
  }
}

class Chat {
  #client
  #members = []
  #chosen
  #rows = new Map()
  /** First and last row read of the chosen conversation. */
  #oldest
  #newest
  #unread = new Map()
  #live = false
  /** Message id and staged files of a message that was not sent yet, the same on a second try. */
  #draft
  /** One look at a time; a wish that comes meanwhile is granted by one more look. */
  #looking = false
  #lookAgain = false

  constructor(client) {
    this.#client = client
  }

  async start() {
    await this.#readMembers()
    byId('sign-in').hidden = true
    byId('app').hidden = false
    byId('composer').addEventListener('submit', (event) => this.#send(event))
    byId('text').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      byId('composer').requestSubmit()
    })
    // Another text is another message: under the old id the platform would keep the old text.
    byId('text').addEventListener('input', () => {
      if (this.#draft !== undefined) this.#draft.id = newUuid()
    })
    byId('files').addEventListener('change', () => {
      this.#draft = undefined
      this.#showAttached()
    })
    byId('older').addEventListener('click', () => this.#guard(() => this.#readOlder()))
    byId('show-peers').addEventListener('change', (event) => {
      byId('messages').classList.toggle('hide-peers', !event.target.checked)
    })
    this.#client.listen(
      (event) => this.#onEvent(event),
      (live) => this.#onState(live),
    )
    this.#poll()
    if (this.#members.length > 0) await this.#choose(this.#members[0].id)
  }

  #nameOf = (id) => this.#members.find((member) => member.id === id)?.name ?? 'an agent that left'

  async #readMembers() {
    this.#members = await this.#client.members()
    this.#showMembers()
  }

  #showMembers() {
    const focused = document.activeElement?.dataset?.id
    const items = this.#members.map((member) =>
      memberElement(member, member.id === this.#chosen, this.#unread.get(member.id) ?? 0, (id) =>
        this.#guard(() => this.#choose(id)),
      ),
    )
    byId('members').replaceChildren(...items)
    if (focused) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus()
    const member = this.#members.find(({ id }) => id === this.#chosen)
    byId('title').textContent = member?.name ?? 'Choose an agent'
    byId('subtitle').textContent = member?.role ?? ''
  }

  async #choose(id) {
    this.#chosen = id
    this.#rows.clear()
    this.#oldest = undefined
    this.#newest = undefined
    this.#dropDraft()
    this.#unread.delete(id)
    byId('messages').replaceChildren()
    byId('older').hidden = true
    byId('text').disabled = false
    byId('send').disabled = false
    byId('files').disabled = false
    this.#showMembers()
    byId('text').focus()
    await this.#look()
  }

  /** Reads what is new in the chosen conversation. */
  async #look() {
    if (this.#looking) {
      this.#lookAgain = true
      return
    }
    this.#looking = true
    try {
      do {
        this.#lookAgain = false
        await this.#readNew()
      } while (this.#lookAgain)
    } finally {
      this.#looking = false
    }
  }

  async #readNew() {
    const id = this.#chosen
    if (id === undefined) return
    const rows = this.#newest === undefined ? await this.#first(id) : await this.#next(id)
    if (id !== this.#chosen) {
      this.#lookAgain = true
      return
    }
    this.#show(rows, 'end')
    this.#newest = rows.at(-1)?.id ?? this.#newest
    this.#oldest ??= rows[0]?.created_at
  }

  async #first(id) {
    const rows = await this.#client.latest(id)
    if (id === this.#chosen) byId('older').hidden = rows.length < PAGE
    return rows.reverse()
  }

  /** A cursor whose row is gone means: begin anew. */
  async #next(id) {
    try {
      return await this.#client.after(id, this.#newest)
    } catch (error) {
      if (error instanceof PlatformError && error.status === 410) return this.#first(id)
      throw error
    }
  }

  async #readOlder() {
    const id = this.#chosen
    const rows = await this.#client.latest(id, this.#oldest)
    if (id !== this.#chosen) return
    byId('older').hidden = rows.length < PAGE
    const scroll = byId('scroll')
    const fromEnd = scroll.scrollHeight - scroll.scrollTop
    this.#show(rows.reverse(), 'start')
    this.#oldest = rows[0]?.created_at ?? this.#oldest
    scroll.scrollTop = scroll.scrollHeight - fromEnd
  }

  #show(rows, where) {
    const scroll = byId('scroll')
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80
    const items = []
    for (const row of rows) {
      if (this.#rows.has(row.id)) continue
      this.#rows.set(row.id, row)
      const message = messageOf(row, this.#nameOf)
      if (message !== undefined)
        items.push(messageElement(row, message, (...file) => this.#guard(() => this.#save(...file))))
    }
    if (where === 'end') byId('messages').append(...items)
    else byId('messages').prepend(...items)
    byId('empty').hidden = byId('messages').childElementCount > 0
    if (where === 'end' && atEnd) scroll.scrollTop = scroll.scrollHeight
  }

  async #save(workspaceId, fileId, name) {
    const address = URL.createObjectURL(await this.#client.file(workspaceId, fileId))
    const link = document.createElement('a')
    link.href = address
    link.download = name
    link.click()
    URL.revokeObjectURL(address)
  }

  async #send(event) {
    event.preventDefault()
    const text = byId('text').value
    const id = this.#chosen
    const chosen = [...byId('files').files]
    if ((text.trim() === '' && chosen.length === 0) || id === undefined) return
    this.#draft ??= { id: newUuid() }
    const draft = this.#draft
    byId('send').disabled = true
    const sent = await this.#guard(async () => {
      draft.files ??= chosen.length === 0 ? [] : await this.#client.upload(id, chosen)
      await this.#client.write(id, draft.id, text, draft.files)
    })
    byId('send').disabled = false
    if (!sent) return
    this.#dropDraft()
    byId('text').value = ''
    byId('scroll').scrollTop = byId('scroll').scrollHeight
    await this.#guard(() => this.#look())
  }

  #dropDraft() {
    this.#draft = undefined
    byId('files').value = ''
    this.#showAttached()
  }

  #showAttached() {
    const count = byId('files').files.length
    byId('attached').textContent = count === 0 ? 'Attach files' : `${count} attached`
  }

  #onEvent(event) {
    if (event.event.startsWith('WORKSPACE_') && event.event !== 'WORKSPACE_HEARTBEAT') {
      this.#guard(() => this.#readMembers())
      return
    }
    if (event.event !== 'AGENT_MESSAGE' && event.event !== 'ACTIVITY_LOGGED') return
    if (event.workspace_id === this.#chosen) this.#guard(() => this.#look())
    else if (event.event === 'AGENT_MESSAGE') {
      this.#unread.set(event.workspace_id, (this.#unread.get(event.workspace_id) ?? 0) + 1)
      this.#showMembers()
    }
  }

  #onState(live) {
    this.#live = live
    byId('connection').textContent = live ? 'Live' : 'Connecting…'
    if (live) this.#guard(() => this.#refresh())
  }

  async #refresh() {
    await this.#readMembers()
    await this.#look()
  }

  /** Looks even when no event comes: a lost event costs a delay and never a message. */
  #poll() {
    setTimeout(
      async () => {
        await this.#guard(() => this.#refresh())
        this.#poll()
      },
      this.#live ? QUIET_POLL_MS : BLIND_POLL_MS,
    )
  }

  /** Runs a step and shows what went wrong. @returns whether it went well */
  async #guard(step) {
    try {
      await step()
      byId('problem').textContent = ''
      return true
    } catch (error) {
      if (error instanceof PlatformError && error.status === 401) signIn(REFUSED)
      else byId('problem').textContent = error.message
      return false
    }
  }
}

const REFUSED =
  'The platform does not know this token. It makes a new one at each start: open the link it printed, or paste the token here.'

/** Also where the page is not in a secure context and `randomUUID` is missing. */
function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const token = takeToken()
if (!token) signIn()
else {
  try {
    await new Chat(new PlatformClient(token)).start()
  } catch (error) {
    signIn(error instanceof PlatformError && error.status === 401 ? REFUSED : error.message)
  }
}
