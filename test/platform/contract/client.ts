/** Plain requests and readable answers, for tests that talk to a platform as any client would. */

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined when the body is not JSON. */
  readonly json: unknown
}

export interface RequestOptions {
  readonly token?: string
  readonly body?: unknown
  /** Like `body`, but sent as it is. */
  readonly raw?: string | FormData
  readonly headers?: Readonly<Record<string, string>>
}

export class Client {
  /** Origin, without a trailing slash. */
  readonly url: string

  /** Waits and tries again when the platform answers that there were too many requests. */
  readonly #patient: boolean

  constructor(url: string, patient = false) {
    this.url = url
    this.#patient = patient
  }

  async call(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(method, path, options)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parsed(text) }
  }

  /** The response itself, for streams and bytes. */
  async open(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    for (;;) {
      const response = await this.#ask(method, path, options)
      const seconds = Number(response.headers.get('Retry-After'))
      if (response.status !== 429 || !this.#patient || !(seconds > 0)) return response
      await response.arrayBuffer()
      await Bun.sleep(seconds * 1000)
    }
  }

  #ask(method: string, path: string, options: RequestOptions): Promise<Response> {
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const authorization = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }
    return fetch(`${this.url}${path}`, {
      method,
      headers: { ...authorization, ...options.headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What most cases compare of an answer. */
export function statusAndJson({ status, json }: Answer): readonly unknown[] {
  return [status, json]
}

/** A field of an answer that must be a string. */
export function textField(answer: Answer, ...path: readonly string[]): string {
  let value: unknown = answer.json
  for (const name of path)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  if (typeof value === 'string') return value
  throw new Error(`no text at ${path.join('.')} in ${answer.status} ${answer.text.slice(0, 300)}`)
}

export type Row = Readonly<Record<string, unknown>>

/** The rows of an answer that must be an array of objects. */
export function rowsOf(answer: Answer): readonly Row[] {
  if (answer.status === 200 && Array.isArray(answer.json)) return answer.json
  throw new Error(`no rows in ${answer.status} ${answer.text.slice(0, 300)}`)
}

/** Asks until the answer satisfies the condition. Throws after two minutes, with the last answer. */
export async function until(
  ask: () => Promise<Answer>,
  satisfied: (answer: Answer) => boolean,
): Promise<Answer> {
  let deadline = performance.now() + 120_000
  for (;;) {
    const asked = performance.now()
    const answer = await ask()
    if (satisfied(answer)) return answer
    // Time spent waiting for the platform's rate limit does not count.
    const took = performance.now() - asked
    if (took > 1000) deadline += took
    if (performance.now() > deadline)
      throw new Error(`waited in vain; last: ${answer.status} ${answer.text.slice(0, 300)}`)
    await Bun.sleep(5)
  }
}
