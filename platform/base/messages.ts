/** Answers and request bodies. Every answer of the platform is built here, and every refusal is one type. */
import type { z } from 'zod'

export const MAX_BODY_BYTES = 16 * 1024 * 1024

/** Deeper JSON than this is no message of anybody; the limit keeps what is read always writable again. */
const MAX_JSON_DEPTH = 512

export type JsonObject = { readonly [key: string]: unknown }

/** A request that is answered with an error status. Thrown by handlers, turned into an answer by the router. */
export class Refusal extends Error {
  readonly status: number
  readonly body: JsonObject | undefined
  readonly headers: Readonly<Record<string, string>>

  /** @param body undefined for an answer with an empty body */
  constructor(status: number, body: JsonObject | undefined, headers: Readonly<Record<string, string>> = {}) {
    super(`HTTP ${status}`)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** The usual refusal: `{"error": text}` and what is said beside it. */
export function refuse(status: number, error: string, extra: JsonObject = {}): Refusal {
  return new Refusal(status, { error, ...extra })
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return jsonText(JSON.stringify(body), status, headers)
}

/** As `json`, for a body that is JSON text already. */
export function jsonText(
  text: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(text, {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
  })
}

export function refusalAnswer(refusal: Refusal): Response {
  if (refusal.body === undefined)
    return new Response(null, { status: refusal.status, headers: refusal.headers })
  return json(refusal.body, refusal.status, refusal.headers)
}

export interface BodyText {
  readonly text: string
  /** More bytes came than the cap; `text` holds those up to the cap. */
  readonly truncated: boolean
}

/** Reads a request body, holding at most `maxBytes` of it. */
export async function readBody(request: Request, maxBytes = MAX_BODY_BYTES): Promise<BodyText> {
  const declared = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (declared <= maxBytes) return { text: await request.text(), truncated: false }
  const { bytes, truncated } = await readBytes(request, maxBytes)
  return { text: bytes.toString('utf8'), truncated }
}

/** As `readBody`, for a body that is no text. */
export async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<{ readonly bytes: Buffer<ArrayBuffer>; readonly truncated: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    chunks.push(chunk.subarray(0, maxBytes - size))
    size += chunk.byteLength
    if (size > maxBytes) return { bytes: Buffer.concat(chunks), truncated: true }
  }
  return { bytes: Buffer.concat(chunks), truncated: false }
}

/** Parsed JSON, or undefined when the text is no JSON or nested beyond reason. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  if (nestedTooDeep(text)) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined // not JSON: the caller answers with the text its endpoint has for that
  }
}

/** Reads a JSON body of a known shape; anything else is refused with 400 and the given text. */
export async function readJson<T>(
  request: Request,
  shape: z.ZodType<T>,
  error = 'invalid request body',
): Promise<T> {
  const { text, truncated } = await readBody(request)
  if (truncated) throw refuse(413, 'request body too large', { max_bytes: MAX_BODY_BYTES })
  const parsed = parseJson(text)
  const checked = parsed === undefined ? undefined : shape.safeParse(parsed.value)
  if (!checked?.success) throw refuse(400, error)
  return checked.data
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nestedTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      depth++
      if (depth > MAX_JSON_DEPTH) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}
