/**
 * JSON fields, read like the hosted platform's decoder reads them: names match in any case, null and absent mean the
 * zero value, and an integer may have 64 bits.
 */
import { z } from 'zod'
import { isObject } from '../base/json.ts'
import { isUuid } from '../base/random.ts'

/**
 * An object of known fields. A field with another spelling of its name counts as that field; one with the exact name
 * comes first.
 */
export function struct<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]))
  const withExactNames = (value: unknown): unknown => {
    if (!isObject(value)) return value
    const named = Object.entries(value).flatMap(([key, field]) => {
      const name = names.get(key.toLowerCase())
      return name === undefined || (name !== key && Object.hasOwn(value, name)) ? [] : [[name, field]]
    })
    return Object.fromEntries(named)
  }
  return z.preprocess(withExactNames, z.object(shape))
}

/** One past the largest 64-bit integer; a double cannot hold that integer itself. */
const INT64_END = 2 ** 63

/** An integer of 64 bits. One that a double cannot hold exactly becomes the nearest that it can. */
const int64 = z
  .number()
  .refine((value) => Number.isInteger(value) && value >= -INT64_END && value <= INT64_END)
  .transform((value) => Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER))

export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')

export const optionalInteger = int64.nullish()

export const integer = optionalInteger.transform((value) => value ?? 0)

export const decimal = z
  .number()
  .nullish()
  .transform((value) => value ?? 0)

export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)

export const required = z.string().min(1)

/** A UUID is compared case-insensitively. */
export const identifier = required.transform((value) => (isUuid(value) ? value.toLowerCase() : value))

export const object = z.record(z.string(), z.unknown())
