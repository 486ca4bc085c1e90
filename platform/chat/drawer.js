/** On a narrow screen the team lies over the conversation, and closes with Escape or a choice. */

const byId = (id) => document.getElementById(id)

export class Drawer {
  constructor() {
    byId('show-team').addEventListener('click', () => this.#set(!this.#isOpen))
    addEventListener('keydown', (event) => event.key === 'Escape' && this.close())
  }

  get #isOpen() {
    return document.body.classList.contains('team-open')
  }

  close() {
    if (this.#isOpen) this.#set(false)
  }

  #set(open) {
    document.body.classList.toggle('team-open', open)
    byId('show-team').ariaExpanded = String(open)
    if (open) document.querySelector('#members [aria-current]')?.focus()
    else if (byId('team').contains(document.activeElement)) byId('show-team').focus()
  }
}
