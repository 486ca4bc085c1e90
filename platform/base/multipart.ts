/** Reads a form (RFC 7578) as it arrives, so that none of its files has to be in memory as a whole. */

/** A field begins, or the content of the one that began last goes on. */
export type FormPiece =
  | { readonly kind: 'field'; readonly name: string; readonly file: FileHead | undefined }
  | { readonly kind: 'content'; readonly bytes: Uint8Array }

export interface FileHead {
  readonly name: string
  readonly type: string
}

/** The body is no form, or ends too early. */
export class MalformedForm extends Error {}

/** No real form has more, and each costs time. */
const MAX_FIELDS = 1_000
const MAX_HEADER_BYTES = 16 * 1024
/** With the characters of a boundary (RFC 2046). */
const FORM_TYPE =
  /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))/i
const LINE_END = '\r\n'

/**
 * The fields of a form, in order. What stands before the first or behind the last does not count.
 *
 * @throws MalformedForm
 */
export async function* formPieces(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
): AsyncGenerator<FormPiece, void> {
  const [, quoted, bare] = FORM_TYPE.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) throw new MalformedForm()
  const source = new Source(body)
  try {
    const delimiter = `${LINE_END}--${boundary}`
    await Array.fromAsync(source.upTo(delimiter), () => undefined)
    for (let fields = 0; ; fields++) {
      const next = (await source.take(LINE_END.length)).toString('latin1')
      if (next === '--') return
      if (next !== LINE_END || fields === MAX_FIELDS) throw new MalformedForm()
      yield await fieldOf(await headersOf(source), boundary)
      for await (const bytes of source.upTo(delimiter)) yield { kind: 'content', bytes }
    }
  } finally {
    await source.close()
  }
}

async function headersOf(source: Source): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of source.upTo(LINE_END + LINE_END)) {
    size += piece.byteLength
    if (size > MAX_HEADER_BYTES) throw new MalformedForm()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Bun's own parser reads the headers, in a form that holds nothing else. One without a name has no field there. */
async function fieldOf(headers: Buffer, boundary: string): Promise<FormPiece> {
  const form = Buffer.concat([
    Buffer.from(`--${boundary}\r\n`),
    headers,
    Buffer.from(`\r\n\r\n\r\n--${boundary}--\r\n`),
  ])
  const type = { 'Content-Type': `multipart/form-data; boundary="${boundary}"` }
  const parsed = await new Response(form, { headers: type }).formData().catch(() => {
    throw new MalformedForm()
  })
  const [field, ...more] = parsed
  if (more.length > 0) throw new MalformedForm()
  const [name, value] = field ?? ['', '']
  return { kind: 'field', name, file: typeof value === 'string' ? undefined : value }
}

/** The body, of which little more than one chunk is held. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array>
  /** The first delimiter may stand at the very beginning, without the line end before it. */
  #held: Buffer = Buffer.from(LINE_END)

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.byteLength < length) await this.#readOn()
    return this.#cut(length)
  }

  /** What comes before `mark`, piece by piece. The mark is taken, too. */
  async *upTo(mark: string): AsyncGenerator<Buffer, void> {
    for (;;) {
      const at = this.#held.indexOf(mark)
      // Without the mark, the end of what is held may be its beginning.
      const length = at >= 0 ? at : this.#held.byteLength - mark.length + 1
      if (length > 0) yield this.#cut(length)
      if (at >= 0) return void this.#cut(mark.length)
      await this.#readOn()
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #readOn(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done === true) throw new MalformedForm()
    this.#held = Buffer.concat([this.#held, value])
  }

  #cut(length: number): Buffer {
    const bytes = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return bytes
  }
}
