/** The messages of one page: laid out by day, kept at their end while the person reads there, and read further back. */
import { continues, isForPerson } from './entries.js'
import { KeyedList } from './keyed-list.js'
import { messageElement, outgoingElement, taskVersion } from './message-element.js'
import { element } from './message-text.js'
import { permissionElement, permissionVersion } from './permission-row.js'
import { questionElement } from './question-cards.js'
import { dayName, dayOf } from './times.js'

const NEAR_END_PX = 80
const SHOWN_AT_FIRST = 100
const SHOWN_MORE = 100
const POINTED_MS = 2_000

const byId = (id) => document.getElementById(id)

export class ConversationView {
  #list = new KeyedList(byId('messages'))
  #steps
  #entries = []
  /** On their way, or not sent. */
  #pending = []
  #receipts = new Map()
  #limit = SHOWN_AT_FIRST
  /** The rows between these were new when the person came to the page, or came back to it. */
  #newAfter
  #newUntil
  #isTeam = false
  #isOpening = true
  #atEnd = true
  /** Where the page was last scrolled to: what grows or shrinks does not change it. */
  #top = 0
  #lastKey

  /**
   * @param steps what the person does here: `onSave`, `load`, `findRequest`, `onTask`, `onDecide`, `onRetry`, `onDiscard`, `onOlder`, and
   *   `onLook`, called once the end of a visible page was looked at
   */
  constructor(steps) {
    this.#steps = steps
    byId('older').addEventListener('click', () => this.#showOlder())
    byId('new-below').addEventListener('click', () => this.#toEnd())
    byId('scroll').addEventListener('scroll', () => this.#noteScroll(), { passive: true })
    addEventListener('visibilitychange', () => this.#noteVisibility())
    // Pictures and fonts arrive late, and the window changes its size.
    const observer = new ResizeObserver(() => this.#atEnd && this.#scrollDown())
    observer.observe(byId('messages'))
    observer.observe(byId('scroll'))
  }

  /** Begins with another page: one of an agent, or the team's. */
  open(newAfter, isTeam) {
    this.#isTeam = isTeam
    this.#newAfter = newAfter
    this.#newUntil = undefined
    this.#limit = SHOWN_AT_FIRST
    this.#isOpening = true
    this.#atEnd = true
    this.#lastKey = undefined
    byId('new-below').hidden = true
  }

  /**
   * @param isWhole whether there is nothing older to read
   * @param receipts by the key of an entry, how far its message got
   */
  show(entries, outgoing, { isWhole, receipts }) {
    this.#entries = entries
    this.#pending = outgoing
    this.#receipts = receipts
    // The event of the last scroll may be on its way.
    if (!this.#isOpening && byId('scroll').scrollTop !== this.#top) this.#noteScroll()
    const last = entries.at(-1)
    const isNew = last !== undefined && last.key !== this.#lastKey
    // A screen reader announces what is new, and not again what has changed.
    byId('log').ariaLive = this.#isOpening || !isNew ? 'off' : 'polite'
    if (isVisible()) this.#newUntil ??= last?.seq ?? 0
    this.#list.show(this.#items())
    byId('older').hidden = isWhole && entries.length <= this.#limit
    this.#lastKey = last?.key
    if (this.#isOpening) this.#begin()
    else if (this.#atEnd || outgoing.some(({ state }) => state === 'sending')) this.#toEnd()
    else if (isNew) byId('new-below').hidden = false
    this.#look()
  }

  /** Brings an entry into view and points at it. False when it has not been read. */
  jumpTo(key) {
    const index = this.#entries.findIndex((entry) => entry.key.startsWith(key))
    if (index < 0) return false
    this.#limit = Math.max(this.#limit, this.#entries.length - index)
    this.#list.show(this.#items())
    const target = this.#list.elementOf(this.#entries[index].key)
    this.#atEnd = false
    target.scrollIntoView({ block: 'center' })
    target.classList.add('pointed')
    setTimeout(() => target.classList.remove('pointed'), POINTED_MS)
    return true
  }

  #items() {
    const items = []
    const now = Date.now()
    let before
    let isNewMarked = false
    for (const entry of this.#entries.slice(-this.#limit)) {
      const day = dayOf(entry.at)
      const name = dayName(entry.at, now)
      const startsDay = before === undefined || dayOf(before.at) !== day
      if (startsDay) items.push(line(`day ${day}`, 'day', name))
      const marksNew = !isNewMarked && isForPerson(entry) && this.#isNew(entry)
      if (marksNew) items.push(line('new', 'new', 'New'))
      isNewMarked ||= marksNew
      items.push(this.#item(entry, !startsDay && !marksNew && continues(before, entry)))
      before = entry
    }
    return [...items, ...this.#pending.map((message) => this.#outgoing(message))]
  }

  #item(entry, grouped) {
    const { key, permission, requestId } = entry
    if (requestId) {
      const request = this.#steps.findRequest(requestId)
      const version = `${request?.status} ${request?.choice}`
      return { key, version, make: () => questionElement(entry, request) }
    }
    if (permission) {
      return {
        key,
        version: permissionVersion(permission),
        make: () => permissionElement(entry, this.#steps.onDecide),
      }
    }
    const { from, to } = entry.message
    const receipt = this.#receipts.get(key) ?? ''
    return {
      key,
      version: `${this.#isTeam} ${grouped} ${from} ${to} ${taskVersion(entry)} ${receipt}`,
      make: () => messageElement(entry, { ...this.#steps, grouped, receipt, isTeam: this.#isTeam }),
    }
  }

  #outgoing(message) {
    return {
      key: `out ${message.id}`,
      version: `${message.state} ${message.why}`,
      make: () => outgoingElement(message, this.#steps),
    }
  }

  #isNew({ seq }) {
    return seq > this.#newAfter && seq <= (this.#newUntil ?? Number.POSITIVE_INFINITY)
  }

  /** What comes while the person looks elsewhere is new when they come back. */
  #noteVisibility() {
    const last = this.#entries.at(-1)?.seq
    if (isVisible()) this.#newUntil ??= last
    else if (this.#atEnd) {
      this.#newAfter = last ?? this.#newAfter
      this.#newUntil = undefined
    }
    this.#look()
  }

  #begin() {
    this.#isOpening = false
    const start = this.#list.elementOf('new')
    if (start === undefined) this.#scrollDown()
    else start.scrollIntoView({ block: 'center' })
    this.#noteScroll()
  }

  async #showOlder() {
    const scroll = byId('scroll')
    const fromEnd = scroll.scrollHeight - scroll.scrollTop
    this.#atEnd = false
    this.#limit += SHOWN_MORE
    await this.#steps.onOlder(this.#limit)
    scroll.scrollTop = scroll.scrollHeight - fromEnd
  }

  #noteScroll() {
    this.#top = byId('scroll').scrollTop
    this.#atEnd = isAtEnd()
    if (this.#atEnd) byId('new-below').hidden = true
    this.#look()
  }

  #toEnd() {
    this.#atEnd = true
    byId('new-below').hidden = true
    this.#scrollDown()
    this.#look()
  }

  #scrollDown() {
    byId('scroll').scrollTop = byId('scroll').scrollHeight
    this.#top = byId('scroll').scrollTop
  }

  /** What stands at the end of a page that is visible has been looked at. */
  #look() {
    if (this.#atEnd && isVisible()) this.#steps.onLook()
  }
}

function isVisible() {
  return document.visibilityState === 'visible'
}

function isAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = byId('scroll')
  return scrollHeight - scrollTop - clientHeight < NEAR_END_PX
}

function line(key, kind, text) {
  return {
    key,
    version: text,
    make: () => {
      const item = element('li', `line ${kind}`)
      item.append(element('span', '', text))
      return item
    },
  }
}
