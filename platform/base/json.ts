/** JSON values of unknown shape, as requests and stored bodies hold them. */

export type JsonObject = { readonly [key: string]: unknown }

/** No real message nests deeper; within this limit whatever was parsed can be serialized again. */
const MAX_DEPTH = 512
/** Nor has one more objects and arrays: parsing them is one step, in which nobody else is answered. */
const MAX_CONTAINERS = 1_000_000

/** Parsed JSON, or undefined when the text is not JSON, nests too deeply or has too many parts. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  return isTooComplex(text) ? undefined : parsed(text)
}

/** Like {@link parseJson}, for a text that may be long. @param step waits before each step. */
export async function parseInSteps(
  text: string,
  step: () => Promise<void>,
): Promise<{ readonly value: unknown } | undefined> {
  await step()
  if (isTooComplex(text)) return undefined
  await step()
  return parsed(text)
}

function parsed(text: string): { readonly value: unknown } | undefined {
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

function isTooComplex(text: string): boolean {
  let tooComplex = false
  walkBrackets(text, (depth, opened) => {
    tooComplex = depth > MAX_DEPTH || opened > MAX_CONTAINERS
    return tooComplex
  })
  return tooComplex
}

/** The index after the bracket that closes the first object or array; undefined when it is never closed. */
function endOfFirstObject(text: string): number | undefined {
  return walkBrackets(text, (depth) => depth <= 0)
}

/**
 * Calls `stop` with the depth after each bracket outside strings, and how many have opened, until it returns true.
 * Returns the index after that bracket; undefined at the end of the text.
 */
function walkBrackets(text: string, stop: (depth: number, opened: number) => boolean): number | undefined {
  let depth = 0
  let opened = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) {
      index = endOfString(text, index)
      continue
    }
    if (code === 0x7b || code === 0x5b) {
      depth++
      opened++
    } else if (code === 0x7d || code === 0x5d) depth--
    else continue
    if (stop(depth, opened)) return index + 1
  }
  return undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The index of the quote that ends the string which begins at `start`; the length of the text when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
  return text.length
}
