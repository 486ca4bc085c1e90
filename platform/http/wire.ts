/** JSON fields, read like the hosted platform's decoder reads them: null and absent mean the zero value. */
import { z } from 'zod'
import { isUuid } from '../base/random.ts'

export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')

export const integer = z
  .int()
  .nullish()
  .transform((value) => value ?? 0)

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
