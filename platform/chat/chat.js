/**
 * The web chat: the team, the conversation, and the composer. The platform's rows are authoritative; its events
 * only say when to read them.
 */
import { Composer } from './composer.js'
import { memberElement, rowElements, subtitleOf } from './conversation.js'
import { plainName } from './message-text.js'
import { PlatformError } from './platform-client.js'

const QUIET_POLL_MS = 30_000
const BLIND_POLL_MS = 3_000
const PAGE = 100
const NEAR_END_PX = 80

const byId = (id) => document.getElementById(id)

export class Chat {
  #client
  #members = []
  #chosen
  #rows = new Map()
  /** The `created_at` of the first row read of the chosen conversation, and the id of the last. */
  #oldest
  #newest
  #unread = new Map()
  #live = false
  #composer
  /** Only one read runs at a time; a request during a read is served by one more. */
  #reading = false
  #readAgain = false
  /**
   * Whose step caused the problem on show: a later success of the page must not hide the person's own
   * failure.
   */
  #problemBy
  #onRefused
  #ended = false

  /** @param onRefused called once, when the platform no longer accepts the token */
  constructor(client, onRefused) {
    this.#client = client
    this.#onRefused = onRefused
  }

  async start() {
    await this.#readMembers()
    byId('sign-in').hidden = true
    byId('app').hidden = false
    this.#composer = new Composer((...message) => this.#deliver(...message))
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

  #nameOf = (id) => this.#members.find((member) => member.id === id)?.name ?? 'a former agent'

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
    byId('title').textContent = plainName(member?.name ?? 'Choose an agent')
    byId('subtitle').textContent = member === undefined ? '' : subtitleOf(member)
  }

  async #choose(id) {
    this.#chosen = id
    this.#rows.clear()
    this.#oldest = undefined
    this.#newest = undefined
    this.#unread.delete(id)
    byId('messages').replaceChildren()
    byId('older').hidden = true
    byId('empty').hidden = true
    this.#showMembers()
    this.#composer.switchTo(id)
    await this.#read()
  }

  /** Reads what is new in the chosen conversation. */
  async #read() {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    this.#reading = true
    try {
      do {
        this.#readAgain = false
        await this.#readNew()
      } while (this.#readAgain)
    } finally {
      this.#reading = false
    }
  }

  async #readNew() {
    const id = this.#chosen
    if (id === undefined) return
    const rows = this.#newest === undefined ? await this.#first(id) : await this.#next(id)
    if (id !== this.#chosen) {
      this.#readAgain = true
      return
    }
    this.#show(inOrder(rows), 'end')
    this.#newest = rows.at(-1)?.id ?? this.#newest
    this.#oldest ??= rows[0]?.created_at
  }

  async #first(id) {
    const rows = await this.#client.latest(id)
    if (id === this.#chosen) byId('older').hidden = rows.length < PAGE
    return rows.reverse()
  }

  /** Starts over when the cursor's row is gone. */
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
    rows.reverse()
    this.#show(inOrder(rows), 'start')
    this.#oldest = rows[0]?.created_at ?? this.#oldest
    scroll.scrollTop = scroll.scrollHeight - fromEnd
  }

  #show(rows, where) {
    const scroll = byId('scroll')
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX
    // A screen reader announces only what is new.
    byId('log').ariaLive = where === 'end' && this.#newest !== undefined ? 'polite' : 'off'
    const items = []
    for (const row of rows) {
      if (this.#rows.has(row.id)) continue
      this.#rows.set(row.id, row)
      items.push(...rowElements(row, this.#nameOf, (file) => this.#guard(() => this.#client.save(file))))
    }
    if (where === 'end') byId('messages').append(...items)
    else byId('messages').prepend(...items)
    byId('empty').hidden = byId('messages').childElementCount > 0
    if (where === 'end' && atEnd) scroll.scrollTop = scroll.scrollHeight
  }

  /** Does not stage again the files that an earlier try has staged. */
  async #deliver(agent, draft, text, files) {
    const sent = await this.#guard(async () => {
      draft.files ??= files.length === 0 ? [] : await this.#client.upload(agent, files)
      await this.#client.write(agent, draft.id, text, draft.files)
    })
    if (sent && agent === this.#chosen) {
      byId('scroll').scrollTop = byId('scroll').scrollHeight
      this.#guard(() => this.#read(), 'page')
    }
    return sent
  }

  #onEvent(event) {
    if (event.event.startsWith('WORKSPACE_') && event.event !== 'WORKSPACE_HEARTBEAT') {
      this.#guard(() => this.#readMembers(), 'page')
      return
    }
    if (event.event !== 'AGENT_MESSAGE' && event.event !== 'ACTIVITY_LOGGED') return
    if (event.workspace_id === this.#chosen) this.#guard(() => this.#read(), 'page')
    else if (event.event === 'AGENT_MESSAGE') {
      this.#unread.set(event.workspace_id, (this.#unread.get(event.workspace_id) ?? 0) + 1)
      this.#showMembers()
    }
  }

  #onState(live) {
    this.#live = live
    const text = live ? 'Live' : 'Connecting…'
    // Set only when it changes: otherwise a screen reader would announce every attempt.
    if (byId('connection').textContent !== text) byId('connection').textContent = text
    if (live) this.#guard(() => this.#refresh(), 'page')
  }

  async #refresh() {
    await this.#readMembers()
    await this.#read()
  }

  /** Reads even without an event, so that a lost event costs a delay but never a message. */
  #poll() {
    setTimeout(
      async () => {
        await this.#guard(() => this.#refresh(), 'page')
        if (!this.#ended) this.#poll()
      },
      this.#live ? QUIET_POLL_MS : BLIND_POLL_MS,
    )
  }

  /** Runs a step of the person or of the page and shows what went wrong. Returns whether it succeeded. */
  async #guard(step, by = 'person') {
    try {
      await step()
      if (by === 'person' || this.#problemBy === 'page') this.#showProblem('', undefined)
      return true
    } catch (error) {
      if (error instanceof PlatformError && error.status === 401) this.#end()
      else if (by === 'person' || this.#problemBy !== 'person') this.#showProblem(error.message, by)
      return false
    }
  }

  #showProblem(text, by) {
    this.#problemBy = by
    if (byId('problem').textContent !== text) byId('problem').textContent = text
  }

  #end() {
    if (this.#ended) return
    this.#ended = true
    this.#client.stopListening()
    this.#onRefused()
  }
}

/** Where the platform numbers its rows, their order is that of the numbers: its clock may have been set back. */
function inOrder(rows) {
  return rows.every(({ seq }) => typeof seq === 'number') ? rows.toSorted((a, b) => a.seq - b.seq) : rows
}
