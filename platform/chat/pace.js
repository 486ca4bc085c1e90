/** Runs a step when it is asked for, and no more often than once in a while: a busy team must not use up the page's requests. */
export class Pace {
  #ms
  #step
  #timer
  #last = 0

  constructor(ms, step) {
    this.#ms = ms
    this.#step = step
  }

  ask() {
    if (this.#timer !== undefined) return
    const wait = Math.max(0, this.#last + this.#ms - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#last = performance.now()
      this.#step()
    }, wait)
  }
}
