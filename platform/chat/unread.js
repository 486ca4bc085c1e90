/** Which messages to the person are unread, kept in this browser: up to which row each agent's page was looked at. */
import { isForPerson } from './entries.js'
import { keep, onKeptElsewhere, recall } from './kept.js'

const NAME = 'seen'

export class Unread {
  #seen = recall(NAME, {})

  /** @param onChange called when another tab has looked at something */
  constructor(onChange) {
    onKeptElsewhere(NAME, () => {
      this.#seen = recall(NAME, {})
      onChange()
    })
  }

  /** On the first visit, what is there already is history. */
  begin(last) {
    if (this.#seen.start === undefined) this.#save({ ...this.#seen, start: last })
  }

  seenBy(agent) {
    return Math.max(this.#seen[agent] ?? 0, this.#seen.start ?? 0)
  }

  look(agent, last) {
    if (last > this.seenBy(agent)) this.#save({ ...this.#seen, [agent]: last })
  }

  /** @returns {Map<string, number>} by agent */
  count(entries) {
    const counts = new Map()
    for (const entry of entries) {
      const agent = entry.row.workspace_id
      if (isForPerson(entry) && entry.seq > this.seenBy(agent))
        counts.set(agent, (counts.get(agent) ?? 0) + 1)
    }
    return counts
  }

  #save(seen) {
    this.#seen = seen
    keep(NAME, seen)
  }
}
