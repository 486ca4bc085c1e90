/** Bounds how many large requests are in memory at once: each is held several times over while it is read and stored. */
import { json } from '../base/response.ts'

/** A smaller body counts as none. */
const LARGE_BYTES = 1024 * 1024
const MAX_OF_CALLER = 2
const MAX_IN_ALL = 6
const RETRY_SECONDS = 1

export class LargeBodies {
  /** How many are under way, by caller. */
  readonly #underWay = new Map<string, number>()

  /**
   * Runs `answer`, or refuses a large request for which there is no room now.
   *
   * @param callerOf asked only about a large request.
   */
  async within<T>(callerOf: () => string, request: Request, answer: () => Promise<T>): Promise<T | Response> {
    if (!isLarge(request)) return answer()
    const caller = callerOf()
    const own = this.#underWay.get(caller) ?? 0
    const all = [...this.#underWay.values()].reduce((sum, count) => sum + count, 0)
    if (own >= MAX_OF_CALLER || all >= MAX_IN_ALL) {
      const body = { error: 'too many large requests at once', retry_after: RETRY_SECONDS }
      return json(body, 429, { 'Retry-After': String(RETRY_SECONDS), Connection: 'close' })
    }
    this.#underWay.set(caller, own + 1)
    try {
      return await answer()
    } finally {
      const left = (this.#underWay.get(caller) ?? 1) - 1
      if (left === 0) this.#underWay.delete(caller)
      else this.#underWay.set(caller, left)
    }
  }
}

/** A body whose length is not announced may be of any size. */
function isLarge({ headers, method }: Request): boolean {
  if (method === 'GET') return false
  const announced = headers.get('Content-Length')
  return announced === null ? headers.has('Transfer-Encoding') : Number(announced) > LARGE_BYTES
}
