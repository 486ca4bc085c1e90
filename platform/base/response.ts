/** JSON responses, and the error type for every refusal. */
import type { JsonObject } from './json.ts'

type HeaderFields = Readonly<Record<string, string>>

/** A request answered with an error status. Handlers throw it; the front turns it into a response. */
export class Refusal extends Error {
  readonly status: number
  readonly body: JsonObject | undefined

  /** @param body undefined for an empty body. */
  constructor(status: number, body: JsonObject | undefined) {
    super(`HTTP ${status}`)
    this.status = status
    this.body = body
  }

  response(): Response {
    return this.body === undefined
      ? new Response(null, { status: this.status })
      : json(this.body, this.status)
  }
}

/** A refusal with the usual body: `{"error": text}` and any further fields. */
export function refuse(status: number, error: string, extra: JsonObject = {}): Refusal {
  return new Refusal(status, { error, ...extra })
}

export const JSON_TYPE: HeaderFields = { 'Content-Type': 'application/json; charset=utf-8' }

export function json(body: unknown, status = 200, headers: HeaderFields = {}): Response {
  return jsonText(JSON.stringify(body), status, headers)
}

/** Like {@link json}, for a body that is JSON text already. */
export function jsonText(text: string, status = 200, headers: HeaderFields = {}): Response {
  return new Response(text, {
    status,
    headers: { ...JSON_TYPE, ...headers },
  })
}
