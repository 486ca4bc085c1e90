/** The options of a backend, `--backend-opt KEY=VALUE`, checked with zod. */
import { z } from 'zod'
import { quoteValue } from '../../member/settings/setting-text.ts'
import { OptionError } from './backend.ts'

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const MAX_MS = 24 * 60 * 60_000

/** `90s`, `5m`, `1h`, `500ms`, or a number of milliseconds. */
export const duration = z
  .string()
  .transform((text) => {
    const [, digits = '', unit = 'ms'] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text) ?? []
    return digits === '' ? Number.NaN : Math.round(Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS])
  })
  .pipe(
    z
      .number('must be a time such as 90s, 5m or 1h')
      .min(1, 'must be more than zero')
      .max(MAX_MS, 'must be at most 24h'),
  )

export const flag = z
  .enum(['true', 'false', 'on', 'off', 'yes', 'no'], 'must be true or false')
  .transform((word) => word === 'true' || word === 'on' || word === 'yes')

/** Words, separated by blanks. */
export const words = z
  .string()
  .default('')
  .transform((text) => text.split(/\s+/).filter((word) => word !== ''))

export const filled = z.string().trim().min(1, 'must not be empty')

export type GivenOptions = Readonly<Record<string, string>>

/**
 * Reads `KEY=VALUE` pairs; the first `=` splits.
 *
 * @throws OptionError
 */
export function splitOptions(pairs: readonly string[]): GivenOptions {
  const options: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at).trim()
    if (at < 0 || key === '') {
      throw new OptionError(`--backend-opt ${quoteValue(pair)} must be KEY=VALUE, such as timeout=5m.`)
    }
    options[key] = pair.slice(at + 1)
  }
  return options
}

/**
 * Checks the options of one backend. An unknown one is named and changes nothing.
 *
 * @throws OptionError for the first wrong one.
 */
export function readOptions<T extends z.ZodRawShape>(
  backend: string,
  given: GivenOptions,
  shape: T,
  warn: (sentence: string) => void,
): z.infer<z.ZodObject<T>> {
  const known = Object.keys(shape)
  for (const key of Object.keys(given).filter((one) => !known.includes(one))) {
    const rule = known.length === 0 ? 'takes no options' : `takes ${known.join(', ')}`
    warn(`The backend ${backend} has no option ${quoteValue(key)} and ignores it: it ${rule}.`)
  }
  const read = z.object(shape).safeParse(given)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const key = String(issue?.path[0] ?? '')
  const value = given[key]
  throw new OptionError(
    value === undefined
      ? `The backend ${backend} needs --backend-opt ${key}=VALUE.`
      : `--backend-opt ${key} is ${quoteValue(value)} but ${issue?.message ?? 'is wrong'}.`,
  )
}
