/**
 * Leaves out what is too large of a JSON array while it is read, so that one item does not cost the others. An item that is
 * left out becomes `{"oversized":true,"id":…}`, with its id if that is near its beginning.
 */

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])
/** Kept of an item that is too large, to find its id. */
const BEGINNING_BYTES = 4_096
const ID = /"(?:id|delegation_id)"\s*:\s*"([\w-]{1,80})"/

export class ItemSieve {
  readonly #maxItemBytes: number
  #depth = 0
  #inString = false
  #escaped = false
  /** What has come of the item under way; once it is too large, its beginning. */
  #item: Uint8Array[] = []
  #itemBytes = 0

  constructor(maxItemBytes: number) {
    this.#maxItemBytes = maxItemBytes
  }

  /** Returns what to keep of the text that this part completes. */
  sift(part: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = []
    let from = 0
    for (let at = 0; at < part.length; at++) {
      const byte = part[at] ?? 0
      const wasInside = this.#depth > 1
      this.#follow(byte)
      // Between the items of the outermost array, and around it.
      const isBetween = this.#depth <= 1 && !this.#inString && !wasInside
      if (!isBetween && !(wasInside && this.#depth === 1)) continue
      if (byte === COMMA || CLOSING.has(byte) || OPENING.has(byte)) {
        const isEndOfItem = wasInside
        this.#add(part.subarray(from, isEndOfItem ? at + 1 : at))
        kept.push(this.#take())
        if (!isEndOfItem) kept.push(part.subarray(at, at + 1))
        from = at + 1
      }
    }
    this.#add(part.subarray(from))
    return Buffer.concat(kept)
  }

  /** What is left at the end of the text. */
  end(): Uint8Array {
    return this.#take()
  }

  #follow(byte: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
    } else if (byte === QUOTE) this.#inString = true
    else if (OPENING.has(byte)) this.#depth++
    else if (CLOSING.has(byte)) this.#depth--
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const before = this.#itemBytes
    this.#itemBytes += bytes.length
    if (before <= this.#maxItemBytes) this.#item.push(bytes)
    if (this.#itemBytes <= this.#maxItemBytes || before > this.#maxItemBytes) return
    this.#item = [Buffer.concat(this.#item).subarray(0, BEGINNING_BYTES)]
  }

  #take(): Uint8Array {
    const bytes = Buffer.concat(this.#item)
    const isTooLarge = this.#itemBytes > this.#maxItemBytes
    this.#item = []
    this.#itemBytes = 0
    if (!isTooLarge) return bytes
    const id = ID.exec(ownFieldsOf(bytes.toString('latin1')))?.[1]
    return Buffer.from(JSON.stringify({ oversized: true, ...(id === undefined ? {} : { id }) }))
  }
}

/** The beginning of an item without what is nested in it, which may have ids of its own. */
function ownFieldsOf(beginning: string): string {
  let own = ''
  let depth = 0
  for (const [piece] of beginning.matchAll(/"(?:[^"\\]|\\.)*"?|[^"]/g)) {
    if (piece === '}' || piece === ']') depth--
    if (depth === 1) own += piece
    if (piece === '{' || piece === '[') depth++
  }
  return own
}
