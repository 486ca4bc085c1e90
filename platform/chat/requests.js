/** What agents ask of the person: what is open, and what became of what was asked. */

const MAX_ASKED = 20

export class Requests {
  #client
  /** Those that wait for the person, oldest first. */
  open = []
  /** By id: the others that the page has read. */
  #closed = new Map()
  #missing = new Set()

  constructor(client) {
    this.#client = client
  }

  async read() {
    const pending = await this.#client.pendingRequests()
    this.open = pending.filter(({ recipient_type: type }) => type === 'user').reverse()
  }

  of(agent) {
    return agent === undefined ? this.open : this.open.filter(({ requester_id: id }) => id === agent)
  }

  find(id) {
    return this.open.find((request) => request.id === id) ?? this.#closed.get(id)
  }

  /** Reads what became of requests that are no longer open. Resolves to whether anything is new. */
  async readClosed(ids) {
    const unknown = ids
      .filter((id) => this.find(id) === undefined && !this.#missing.has(id))
      .slice(-MAX_ASKED)
    for (const id of unknown) {
      const request = await this.#client.readRequest(id)
      if (request === undefined) this.#missing.add(id)
      else this.#closed.set(id, request)
    }
    return unknown.length > 0
  }
}

/**
 * What a request can be answered with: the label of each button, and what it sends.
 *
 * @param {{kind: string, choices?: string[]}} request
 * @returns {{label: string, answer: {action: string, choice?: string}}[]}
 */
export function answersTo({ kind, choices = [] }) {
  const yes = kind === 'approval' ? 'approved' : 'done'
  const named = choices.map((choice) => ({ label: choice, answer: { action: yes, choice } }))
  const plain = { label: kind === 'approval' ? 'Approve' : 'Done', answer: { action: yes } }
  return [...(named.length > 0 ? named : [plain]), { label: 'Reject', answer: { action: 'rejected' } }]
}

/** What became of a request, in words; `request` is undefined where the platform no longer has it. */
export function requestOutcome(request) {
  switch (request?.status) {
    case 'pending':
      return 'Waits for your answer'
    case 'info_requested':
      return 'You wrote about it'
    case 'done':
    case 'approved':
      return request.choice ? `Answered: ${request.choice}` : request.status === 'done' ? 'Done' : 'Approved'
    case 'rejected':
      return 'Rejected'
    case 'cancelled':
      return 'Withdrawn'
    default:
      return 'Closed'
  }
}
