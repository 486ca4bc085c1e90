/** The buttons around a conversation: search, the workspace it is with, another workspace. */
import { connectSteps } from './connect-steps.js'
import { button } from './dialog.js'
import { element, plainName } from './message-text.js'
import { openSearch } from './search.js'
import { openCreation, openManagement } from './workspace-dialogs.js'

const byId = (id) => document.getElementById(id)

export class Tools {
  #client
  #steps
  #members = []
  #member
  #emptyFor

  /**
   * @param steps `source`, what `openSearch` searches; `onEntry` shows an entry; `onChanged` reads the members again;
   *   `onMade` shows a new one
   */
  constructor(client, steps) {
    this.#client = client
    this.#steps = steps
    byId('add-workspace').addEventListener('click', () => this.#add())
    byId('manage').addEventListener('click', () => openManagement(client, this.#member, steps.onChanged))
    byId('search').addEventListener('click', () => this.#search())
    addEventListener('keydown', (event) => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey) || document.querySelector('dialog')) return
      event.preventDefault()
      this.#search()
    })
  }

  /** @param member whose page is shown; undefined for the team's */
  show(members, member) {
    this.#members = members
    this.#member = member
    byId('manage').hidden = member === undefined
  }

  /** What stands where there are no messages. */
  showEmpty(isEmpty) {
    const place = byId('empty')
    place.hidden = !isEmpty
    const member = this.#member
    const version = isEmpty
      ? `${this.#members.length} ${member?.id} ${member?.name} ${member?.status}`
      : undefined
    if (version === this.#emptyFor) return
    this.#emptyFor = version
    if (isEmpty) place.replaceChildren(...this.#emptyState(member))
  }

  #emptyState(member) {
    if (this.#members.length === 0) {
      return [
        element('h2', '', 'There is no agent yet'),
        element(
          'p',
          '',
          'A workspace is the place of an agent in this team. Add one, then connect a Claude Code session to it.',
        ),
        button('Add a workspace', 'primary', () => this.#add()),
      ]
    }
    if (member?.status !== 'awaiting_agent') return [element('p', '', 'No messages yet.')]
    return [
      element('h2', '', `${plainName(member.name)} waits for its agent`),
      element('p', '', 'What you write here is kept, and read once the agent is there.'),
      connectSteps(member, {
        mint: () => this.#client.mint(member.id),
        invite: () => this.#client.invite(member.id),
      }),
    ]
  }

  #add() {
    openCreation(this.#client, this.#members, this.#steps.onMade)
  }

  #search() {
    openSearch(this.#steps.source, this.#steps.onEntry)
  }
}
