/** What is wrong with the arguments of a call, in words that a model can act on. */
import type { z } from 'zod'
import { cleanName } from '../text/clean-text.ts'

const MAX_CAUSES = 5
const MAX_SHOWN_CHARS = 60

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** The rule that a value breaks, and the value; undefined for one whose schema says it itself. */
export function ruleBroken(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue
  switch (issue.code) {
    case 'invalid_type':
      return input === undefined
        ? 'is missing'
        : `must be ${TYPES[issue.expected] ?? issue.expected}, not ${show(input)}`
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}, not ${show(input)}`
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}, not ${show(input)}`
    case 'too_big':
      return `must be at most ${issue.maximum}, not ${show(input)}`
    case 'unrecognized_keys':
      return `${issue.keys.map((key) => cleanName(key)).join(', ')} ${issue.keys.length === 1 ? 'is' : 'are'} unknown`
    default:
      return undefined
  }
}

/** One cause for each wrong argument: a value of the wrong type also breaks the rules for values of the right one. */
export function causes({ issues }: z.ZodError): string {
  const first = new Map<string, string>()
  for (const { path, message } of issues) {
    const argument = path.length === 0 ? 'arguments' : String(path[0])
    if (!first.has(argument)) first.set(argument, `${path.join('.') || argument}: ${message}`)
  }
  return [...first.values()].slice(0, MAX_CAUSES).join('; ')
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = String(value)
  const cut =
    text.length > MAX_SHOWN_CHARS ? `${cleanName(text.slice(0, MAX_SHOWN_CHARS))}…` : cleanName(text)
  return typeof value === 'string' ? `"${cut}"` : cut
}
