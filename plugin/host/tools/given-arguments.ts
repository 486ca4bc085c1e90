/**
 * The arguments of a call as hosts and models give them: a list or a number as JSON text, null for what was left out, a
 * number for a text. Each is taken for what it plainly is; the schema refuses the rest. Pure.
 */
import type { z } from 'zod'

type JsonSchema = z.core.JSONSchema.JSONSchema
type Given = Readonly<Record<string, unknown>>

/** JSON text within JSON text: a model may encode, and the host encodes again. */
const MAX_LAYERS = 2

/** The whole of the arguments: an object also where a host gives its JSON text, or null for none at all. */
export function readObject(given: unknown): unknown {
  const value = decode(given, isObject)
  return value === undefined || value === null ? {} : value
}

/**
 * Each argument as its schema wants it. What cannot be read in exactly one way stays as it was given.
 *
 * @param schema of the tool's input.
 */
export function readArguments(given: unknown, schema: JsonSchema): unknown {
  const whole = readObject(given)
  if (!isObject(whole)) return whole
  const entries = Object.entries(whole).flatMap(([name, value]) => {
    const wanted = schema.properties?.[name]
    const read = typeof wanted === 'object' ? readArgument(value, wanted) : value
    return read === null ? [] : [[name, read] as const]
  })
  return Object.fromEntries(entries)
}

/** Null when it is left out: a blank text says so, too, where the schema does not forbid it. */
function readArgument(value: unknown, wanted: JsonSchema): unknown {
  if (typeof value === 'string' && value.trim() === '' && (wanted.minLength ?? 0) === 0) return null
  switch (wanted.type) {
    case 'array':
      return readList(value)
    case 'number':
    case 'integer':
      return decode(value, (read) => typeof read === 'number')
    case 'boolean':
      return decode(
        typeof value === 'string' ? value.toLowerCase() : value,
        (read) => typeof read === 'boolean',
      )
    default:
      return readText(value, wanted.enum)
  }
}

/** A text that is not JSON is the only entry of the list. */
function readList(value: unknown): unknown {
  const list = decode(value, (read) => Array.isArray(read) || typeof read === 'string')
  if (typeof list !== 'string' || /^\s*[[{]/.test(list)) return list
  return [list]
}

/** @param words of which it must be one; undefined for free text. */
function readText(value: unknown, words: JsonSchema['enum']): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return value
  const meant = value.trim().toLowerCase()
  return words?.find((word) => String(word).toLowerCase() === meant) ?? value
}

/** The value that a JSON text stands for, or null, if it is one that is wanted; otherwise the text itself. */
function decode(given: unknown, isWanted: (value: unknown) => boolean): unknown {
  let value = given
  for (let layer = 0; layer < MAX_LAYERS && typeof value === 'string'; layer++) {
    try {
      value = JSON.parse(value)
    } catch {
      // No JSON: a text that stands for itself.
      break
    }
  }
  return value === null || isWanted(value) ? value : given
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
