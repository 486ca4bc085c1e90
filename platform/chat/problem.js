/** What went wrong, in a line that goes away when it has gone: with the next success of whoever failed, or by hand. */

const byId = (id) => document.getElementById(id)

export class Problem {
  /** Who failed: a later success of the page must not hide the person's own failure. */
  #by
  #onRefused

  /** @param onRefused called when the platform does not accept the token */
  constructor(onRefused) {
    this.#onRefused = onRefused
    byId('problem')
      .querySelector('button')
      .addEventListener('click', () => this.clear())
  }

  /** Runs a step of the person or of the page and shows what went wrong. Resolves to whether it succeeded. */
  async guard(step, by = 'person') {
    try {
      await step()
      if (by === 'person' || this.#by === 'page' || this.#by === 'outage') this.clear()
      return true
    } catch (error) {
      if (error.status === 401) this.#onRefused()
      // Whoever found that the platform is away: the page sees when it is back.
      else if (by === 'person' || this.#by !== 'person')
        this.#show(error.message, error.status === 0 ? 'outage' : by)
      return false
    }
  }

  clear() {
    this.#show('', undefined)
  }

  #show(text, by) {
    this.#by = by
    byId('problem').hidden = text === ''
    const line = byId('problem').querySelector('span')
    // Set only when it changes: otherwise a screen reader would announce every attempt.
    if (line.textContent !== text) line.textContent = text
  }
}
