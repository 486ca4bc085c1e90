/** What waits for the person: questions, with their cards, and requests for permission. */
import { KeyedList } from './keyed-list.js'
import { isOpen } from './permissions.js'
import { questionItem } from './question-cards.js'
import { Requests } from './requests.js'

const RECENT = 200

export class Waiting {
  #client
  #requests
  #cards = new KeyedList(document.getElementById('questions'))
  #onChange

  /** @param onChange called after the person has answered; resolves once the page shows it */
  constructor(client, onChange) {
    this.#client = client
    this.#requests = new Requests(client)
    this.#onChange = onChange
  }

  read() {
    return this.#requests.read()
  }

  find(id) {
    return this.#requests.find(id)
  }

  isOpen(id) {
    return this.#requests.open.some((request) => request.id === id)
  }

  /** Reads what became of the questions in the timeline. Resolves to whether anything is new. */
  readClosed(entries) {
    const ids = entries.slice(-RECENT).flatMap(({ requestId }) => requestId ?? [])
    return this.#requests.readClosed(ids)
  }

  show(agent, nameOf) {
    const cards = this.#requests.of(agent).map((request) =>
      questionItem(request, nameOf, {
        onAnswer: ({ id }, answer) => this.#send(() => this.#client.respond(id, answer)),
        onWords: ({ id }, words) => this.#send(() => this.#client.writeAbout(id, words)),
      }),
    )
    document.getElementById('questions').hidden = cards.length === 0
    this.#cards.show(cards)
  }

  /** How many decisions of the person each agent waits for. */
  count(entries) {
    const now = Date.now()
    const asked = entries.flatMap(({ permission }) =>
      permission && isOpen(permission, now) ? permission.workspaceId : [],
    )
    const counts = new Map()
    for (const id of [...asked, ...this.#requests.open.map(({ requester_id: from }) => from)]) {
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return counts
  }

  async #send(step) {
    await step()
    await this.#onChange()
  }
}
