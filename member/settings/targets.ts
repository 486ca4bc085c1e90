/** The workspaces to receive for, each with its token and platform: the three ways to set them, checked. */

import * as z from 'zod'
import { counted } from '../../base/plural.ts'
import { resolvePlatformUrls } from '../../platform-urls.ts'
import { hasExtras, platformUrlSchema } from './platform-url.ts'
import { MAX_WORKSPACES, SETTINGS } from './setting-table.ts'
import { bare, type Lookup, quoteValue } from './setting-text.ts'

/** One workspace that this program receives for. */
export interface Target {
  /** UUID in lower case. */
  readonly workspaceId: string
  /** Secret. Printable ASCII without white space, so it fits a header as it is. */
  readonly token: string
  /** Absolute URL without user info, query, fragment or trailing slash. */
  readonly platformUrl: string
  /** The organization, where the platform asks for one. */
  readonly orgId?: string
}

export interface TargetsResult {
  /** Empty if and only if there is a problem. */
  readonly targets: readonly Target[]
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** Everything given as a token, refused ones included: to be kept out of every sentence. */
  readonly tokens: readonly string[]
}

/** A value and the words for its place, such as "MOLECULE_WORKSPACE_IDS entry 2". */
interface Field {
  readonly place: string
  readonly value: string
}

interface Entry {
  readonly id: Field
  readonly token: Field
  readonly url: Field
}

type Entries = { readonly entries: readonly Entry[] } | { readonly problems: readonly string[] }

const IDS = SETTINGS.workspaceIds.name
const TOKENS = SETTINGS.workspaceTokens.name
const URLS = SETTINGS.platformUrls.name
const URL_FOR_ALL = SETTINGS.platformUrl.name
const WORKSPACES = SETTINGS.workspacesJson.name

/** The settings of which at least one is set where anything is said about the workspaces. */
export const TARGET_NAMES: readonly string[] = [IDS, TOKENS, WORKSPACES]

/** Whether anything at all is set about the workspaces. */
export function hasTargets(lookup: Lookup): boolean {
  return TARGET_NAMES.some((name) => lookup(name) !== undefined)
}

/**
 * Reads the targets: from the JSON where that is set, else from the lists of ids and tokens, with one URL each or one
 * for all. No sentence in the result quotes a token.
 */
export function readTargets(lookup: Lookup): TargetsResult {
  const json = lookup(WORKSPACES)
  const overridden =
    json === undefined ? [] : [IDS, TOKENS, URLS, URL_FOR_ALL].filter((name) => lookup(name) !== undefined)
  const read = json === undefined ? readLists(lookup) : readJson(json)
  const tokens = splitList(lookup(TOKENS))
  const warnings =
    overridden.length === 0
      ? []
      : [`${WORKSPACES} overrides ${overridden.join(', ')}: remove one or the other.`]
  if ('problems' in read) return { targets: [], problems: read.problems, warnings, tokens }
  return {
    ...checkEntries(read.entries, warnings),
    tokens: [...tokens, ...read.entries.map((entry) => entry.token.value)],
  }
}

function readLists(lookup: Lookup): Entries {
  const ids = splitList(lookup(IDS))
  const tokens = splitList(lookup(TOKENS))
  const platformUrls = splitList(lookup(URLS))
  const platformUrl = lookup(URL_FOR_ALL)
  if (ids.length > MAX_WORKSPACES) return { problems: [tooMany(IDS, ids.length)] }
  const problems: string[] = []
  if (ids.length === 0) {
    problems.push(`${IDS} is not set: list the UUID of each workspace, separated by commas.`)
  }
  if (tokens.length === 0) {
    problems.push(`${TOKENS} is not set: list the token of each workspace, separated by commas.`)
  } else if (ids.length > 0 && tokens.length !== ids.length) {
    problems.push(
      `${TOKENS} and ${IDS} must have the same number of entries but have ` +
        `${counted(tokens.length, 'token')} and ${counted(ids.length, 'id')}: list one token per id, in the same order.`,
    )
  }
  const resolved = resolvePlatformUrls({ workspaceIds: ids, platformUrls, platformUrl })
  if (!resolved.ok && ids.length > 0) problems.push(resolved.message)
  if (problems.length > 0 || !resolved.ok) return { problems }
  const urlPlace = (index: number): string => (platformUrls.length > 0 ? place(URLS, index) : URL_FOR_ALL)
  return {
    entries: ids.map((id, index) => ({
      id: { place: place(IDS, index), value: id },
      token: { place: place(TOKENS, index), value: tokens[index] ?? '' },
      url: { place: urlPlace(index), value: resolved.urls[index] ?? '' },
    })),
  }
}

/** Splits at commas. A trailing comma is forgiven; an empty entry elsewhere stays, and is refused later. */
function splitList(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const entries = value.split(',').map(bare)
  if (entries.at(-1) === '') entries.pop()
  return entries
}

const JSON_REMEDY = `write it as ${SETTINGS.workspacesJson.rule}`

const jsonEntries = z.array(z.object({ id: z.string(), token: z.string(), platform_url: z.string() }))

// The text holds tokens, so no sentence quotes any of it.
function readJson(text: string): Entries {
  const raw = parseJson(text)
  if (raw === undefined) return { problems: [`${WORKSPACES} is not valid JSON: ${JSON_REMEDY}.`] }
  if (!Array.isArray(raw) || raw.length === 0) {
    return { problems: [`${WORKSPACES} must be a list with at least one entry: ${JSON_REMEDY}.`] }
  }
  if (raw.length > MAX_WORKSPACES) return { problems: [tooMany(WORKSPACES, raw.length)] }
  const parsed = jsonEntries.safeParse(raw)
  if (!parsed.success) return { problems: parsed.error.issues.map(jsonProblem) }
  return {
    entries: parsed.data.map((entry, index) => ({
      id: { place: `"id" of ${place(WORKSPACES, index)}`, value: entry.id.trim() },
      token: { place: `"token" of ${place(WORKSPACES, index)}`, value: entry.token },
      url: { place: `"platform_url" of ${place(WORKSPACES, index)}`, value: entry.platform_url.trim() },
    })),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words can quote the text, and with it a token.
    return undefined
  }
}

function jsonProblem(issue: z.core.$ZodIssue): string {
  const [index, key] = issue.path
  const where = place(WORKSPACES, Number(index))
  const what = key === undefined ? 'must be an object' : `must have "${String(key)}" as text`
  return `${where} ${what}: ${JSON_REMEDY}.`
}

function checkEntries(
  entries: readonly Entry[],
  earlierWarnings: readonly string[],
): Omit<TargetsResult, 'tokens'> {
  // Sets, because one URL for all workspaces is checked once for each of them.
  const problems = new Set<string>()
  const warnings = new Set(earlierWarnings)
  const firstPlaces = new Map<string, string>()
  const targets = entries.map((entry): Target => {
    const workspaceId = check(workspaceIdSchema, entry.id, quoteValue(entry.id.value), problems)
    const token = check(tokenSchema, entry.token, undefined, problems)
    const platformUrl = check(platformUrlSchema, entry.url, quoteValue(entry.url.value), problems)
    const first = firstPlaces.get(workspaceId)
    if (workspaceId !== '' && first !== undefined) {
      problems.add(`${entry.id.place} repeats ${first}: name each workspace once.`)
    }
    firstPlaces.set(workspaceId, first ?? entry.id.place)
    if (platformUrl !== '' && hasExtras(entry.url.value)) {
      warnings.add(
        `${entry.url.place} must not have user info, a query or a fragment: remove them. ` +
          `Until then, ${quoteValue(platformUrl)} is used.`,
      )
    }
    return Object.freeze({ workspaceId, token, platformUrl })
  })
  return {
    targets: problems.size === 0 ? Object.freeze(targets) : [],
    problems: [...problems],
    warnings: [...warnings],
  }
}

/**
 * The parsed value; or the empty string, and a sentence added to the problems.
 *
 * @param quoted the value as the sentence quotes it; undefined for one that must not be shown.
 */
function check(
  schema: z.ZodType<string, string>,
  field: Field,
  quoted: string | undefined,
  problems: Set<string>,
): string {
  const parsed = schema.safeParse(field.value)
  if (parsed.success) return parsed.data
  const rule = parsed.error.issues[0]?.message ?? 'must be valid'
  const value = quoted === undefined ? '' : `is ${quoted} but `
  problems.add(
    field.value === '' ? `${field.place} is empty: fill it in.` : `${field.place} ${value}${rule}.`,
  )
  return ''
}

const workspaceIdSchema = z
  .guid('must be a UUID: copy the id of the workspace from the platform')
  .toLowerCase()

/**
 * What documentation and templates put in place of a token. Each form must match the whole value: a real token can
 * contain any of these words.
 */
const PLACEHOLDER =
  /^(?:<.*>|\$\w+|\$env:\w+|%\w+%|your[-_]?token.*|change[-_]?me|x{3,}[.…]*|token|\.{3,}|…|paste[-_].*[-_]here|replace[-_]me|undefined|null)$/i

const tokenSchema = z
  .string()
  .max(4_096, 'must be at most 4096 characters long: paste only the token')
  // White space or a control character could end the header early, and a header cannot hold more than ASCII.
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without white space: paste the token again')
  .refine(
    (token) => !PLACEHOLDER.test(token),
    'must be a token, not a placeholder: paste the token of the workspace',
  )

function place(setting: string, index: number): string {
  return `${setting} entry ${index + 1}`
}

function tooMany(setting: string, count: number): string {
  return `${setting} has ${count} entries, but at most ${MAX_WORKSPACES} workspaces are allowed: remove some.`
}
