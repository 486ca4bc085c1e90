/** The rows of the whole team that the page has read, in their order. The platform's rows are authoritative. */

const FIRST = 300
const MORE = 500
/** How many of the newest rows may still change: only how far a message got does. */
const CHANGING = 60

export class TeamLog {
  #client
  #rows = []
  /** Only one read of new rows runs at a time; a request during a read is served by one more. */
  #reading
  #again = false
  /** Whether the page has read back to the first row. */
  atStart = false

  constructor(client) {
    this.#client = client
  }

  /** Oldest first. Not to be changed. */
  get rows() {
    return this.#rows
  }

  get last() {
    return this.#rows.at(-1)?.seq ?? 0
  }

  /** Reads what is new. Resolves to whether there was anything. */
  async readNew() {
    this.#again = true
    this.#reading ??= this.#readWhileAsked().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readWhileAsked() {
    const before = this.last
    while (this.#again) {
      this.#again = false
      if (this.#rows.length === 0) await this.#readFirst()
      else await this.#readAfter()
    }
    return this.last !== before
  }

  async #readFirst() {
    const rows = await this.#client.teamLog({ limit: FIRST })
    this.atStart = rows.length < FIRST
    this.#rows = rows.reverse()
  }

  async #readAfter() {
    for (;;) {
      const rows = await this.#client.teamLog({ after: this.last, limit: MORE })
      // Two reads may overlap where one was slow.
      const fresh = rows.filter(({ seq }) => seq > this.last)
      if (fresh.length === 0) return
      this.#rows = [...this.#rows, ...fresh]
    }
  }

  /** Reads how far the recent messages got. */
  async readReceipts() {
    const rows = await this.#client.teamLog({ before: this.last + 1, limit: CHANGING })
    for (const { id, receipt } of rows) this.noteReceipt(id, receipt)
  }

  noteReceipt(id, receipt) {
    const index = this.#rows.findLastIndex((row) => row.id === id)
    if (index >= 0 && receipt !== undefined) this.#rows[index] = { ...this.#rows[index], receipt }
  }

  async readOlder() {
    const first = this.#rows[0]?.seq
    if (this.atStart || first === undefined) return
    const rows = await this.#client.teamLog({ before: first, limit: MORE })
    if (rows.length === 0) this.atStart = true
    this.#rows = [...rows.filter(({ seq }) => seq < first).reverse(), ...this.#rows]
  }
}
