/** JSON values of unknown shape, as requests and stored bodies hold them. */

export type JsonObject = { readonly [key: string]: unknown }

/** No real message nests deeper; within this limit whatever was parsed can be serialized again. */
const MAX_DEPTH = 512

/** Parsed JSON, or undefined when the text is not JSON or nests too deeply. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  if (nestsTooDeeply(text)) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined // Not JSON: each endpoint has its own answer to that.
  }
}

/** Like {@link parseJson} for an object; ignores whatever follows it, as a decoder of a stream does. */
export function parseFirstObject(text: string): { readonly value: unknown } | undefined {
  const whole = parseJson(text)
  if (whole !== undefined) return whole
  const end = endOfFirstObject(text)
  return end === undefined ? undefined : parseJson(text.slice(0, end))
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The value when it is an object, and an empty object otherwise, for reading fields that may not be there.
 */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function nestsTooDeeply(text: string): boolean {
  let tooDeep = false
  walkBrackets(text, (depth) => {
    tooDeep = depth > MAX_DEPTH
    return tooDeep
  })
  return tooDeep
}

/** The index after the bracket that closes the first object or array; undefined when it is never closed. */
function endOfFirstObject(text: string): number | undefined {
  return walkBrackets(text, (depth) => depth <= 0)
}

/**
 * Calls `stop` with the depth after each bracket outside strings, until it returns true. Returns the index after that
 * bracket; undefined at the end of the text.
 */
function walkBrackets(text: string, stop: (depth: number) => boolean): number | undefined {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
      continue
    }
    if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) depth--
    else continue
    if (code !== 0x22 && stop(depth)) return index + 1
  }
  return undefined
}
