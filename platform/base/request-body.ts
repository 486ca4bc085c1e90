/** Reads request bodies, each up to a limit. */
import type { z } from 'zod'
import { parseFirstObject, parseInSteps } from './json.ts'
import { refuse } from './response.ts'

export const MAX_BODY_BYTES = 16 * 1024 * 1024
/** Whoever works on a longer text takes a turn of the event loop for each step. */
const LONG_TEXT = 1024 * 1024
/** Of what stands in a list that everybody reads: an agent card, a memory. */
export const MAX_LISTED_BYTES = 256 * 1024

/** A request as its handler sees it. */
interface Incoming {
  readonly request: Request
  /** Waits for a turn of the event loop. */
  readonly turn: () => Promise<void>
}

/** Reads a body as text, up to `maxBytes` of it; `truncated` when there was more. */
export async function readText(
  { request }: Pick<Incoming, 'request'>,
  maxBytes = MAX_BODY_BYTES,
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const declared = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (declared <= maxBytes) return { text: await request.text(), truncated: false }
  const { bytes, truncated } = await readBytes(request, maxBytes)
  return { text: bytes.toString('utf8'), truncated }
}

/** Like {@link readText}, for a body that is not text. */
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

/** Waits before each step of the work on a long text, and not for a short one. */
export function turnFor(text: string, turn: Incoming['turn']): () => Promise<void> {
  return text.length > LONG_TEXT ? turn : async () => {}
}

/**
 * Reads a JSON body of a known shape. Text after its object does not count, as on the hosted platform.
 *
 * @param error the text of the refusal when the body has another shape.
 * @throws Refusal 400, or 413 for a body over `maxBytes`.
 */
export async function readJson<T>(
  { request, turn }: Incoming,
  schema: z.ZodType<T>,
  error = 'invalid request body',
  maxBytes = MAX_BODY_BYTES,
): Promise<T> {
  const { text, truncated } = await readText({ request }, maxBytes)
  if (truncated) throw refuse(413, 'request body too large', { max_bytes: maxBytes })
  const turnIfLong = turnFor(text, turn)
  const parsed = (await parseInSteps(text, turnIfLong)) ?? parseFirstObject(text)
  await turnIfLong()
  const checked = parsed === undefined ? undefined : schema.safeParse(parsed.value)
  if (!checked?.success) throw refuse(400, error)
  await turnIfLong()
  return checked.data
}
