/** Notifications of the browser about messages to the person, where the person allows them and looks elsewhere. */
import { plainName } from './message-text.js'

const MAX_CHARS = 140

const byId = (id) => document.getElementById(id)

export class Notices {
  /** Rows up to this number were there before. */
  #last
  #onOpen

  /** @param onOpen called with an agent whose notification the person has clicked */
  constructor(onOpen) {
    this.#onOpen = onOpen
    const button = byId('notify')
    const offer = () => {
      button.hidden = !('Notification' in window) || !isSecureContext || Notification.permission !== 'default'
    }
    button.addEventListener('click', async () => {
      await Notification.requestPermission()
      offer()
    })
    offer()
  }

  /** @param entries those for the person, oldest first */
  tell(entries) {
    const fresh = this.#last === undefined ? [] : entries.filter(({ seq }) => seq > this.#last)
    this.#last = entries.at(-1)?.seq ?? this.#last ?? 0
    if (document.visibilityState === 'visible' || byId('notify').hidden === false) return
    if (!('Notification' in window) || Notification.permission !== 'granted') return
    for (const { message, row, permission } of fresh.slice(-3)) {
      const body = permission ? `asks for permission to use ${permission.tool}` : message.text
      // One for each agent: the newest replaces the one before.
      const notice = new Notification(plainName(message.from), {
        body: body.slice(0, MAX_CHARS).toWellFormed(),
        tag: row.workspace_id,
      })
      notice.onclick = () => {
        focus()
        notice.close()
        this.#onOpen(row.workspace_id)
      }
    }
  }
}
