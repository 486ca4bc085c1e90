/** Which workspaces this program is, with which token, on which platform: the three ways to say it, checked. */

import * as z from 'zod'
import { isLoopback } from '../../base/loopback.ts'
import { counted } from '../../base/plural.ts'
import { resolvePlatformUrls } from '../../platform-urls.ts'
import { type Lookup, showValue } from './settings.ts'

/** One workspace that this program is. */
export interface Target {
  /** UUID in lower case. */
  readonly workspaceId: string
  /** Secret. Printable ASCII without white space, so that it fits a header as it is. */
  readonly token: string
  /** Absolute URL without user info, query, fragment and trailing slash. */
  readonly platformUrl: string
}

export interface TargetsResult {
  /** Empty if and only if there is a problem. */
  readonly targets: readonly Target[]
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** All that was given as a token, also where it was refused: to be kept out of every sentence. */
  readonly tokens: readonly string[]
}

export const MAX_WORKSPACES = 200

/** A value with the words that name its place: "MOLECULE_WORKSPACE_IDS entry 2". */
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

const LISTS = [
  'MOLECULE_WORKSPACE_IDS',
  'MOLECULE_WORKSPACE_TOKENS',
  'MOLECULE_PLATFORM_URLS',
  'MOLECULE_PLATFORM_URL',
] as const

/**
 * Reads the targets: `MOLECULE_WORKSPACES_JSON` where it is set, else the lists of ids and tokens with one URL each
 * or one URL for all. No sentence it gives quotes a token.
 */
export function readTargets(lookup: Lookup): TargetsResult {
  const json = lookup('MOLECULE_WORKSPACES_JSON')
  const ignored = json === undefined ? [] : LISTS.filter((name) => lookup(name) !== undefined)
  const read = json === undefined ? readLists(lookup) : readJson(json)
  const tokens = splitList(lookup('MOLECULE_WORKSPACE_TOKENS'))
  const warnings =
    ignored.length === 0
      ? []
      : [`MOLECULE_WORKSPACES_JSON is used, so ${ignored.join(', ')} has no effect: remove one or the other.`]
  if ('problems' in read) return { targets: [], problems: read.problems, warnings, tokens }
  return {
    ...checkEntries(read.entries, warnings),
    tokens: [...tokens, ...read.entries.map((entry) => entry.token.value)],
  }
}

function readLists(lookup: Lookup): Entries {
  const ids = splitList(lookup('MOLECULE_WORKSPACE_IDS'))
  const tokens = splitList(lookup('MOLECULE_WORKSPACE_TOKENS'))
  const platformUrls = splitList(lookup('MOLECULE_PLATFORM_URLS'))
  const platformUrl = lookup('MOLECULE_PLATFORM_URL')
  if (ids.length > MAX_WORKSPACES) return { problems: [tooMany('MOLECULE_WORKSPACE_IDS', ids.length)] }
  const problems: string[] = []
  if (ids.length === 0) {
    problems.push('MOLECULE_WORKSPACE_IDS is not set: give the UUID of each workspace, separated by commas.')
  }
  if (tokens.length === 0) {
    problems.push(
      'MOLECULE_WORKSPACE_TOKENS is not set: give the token of each workspace, separated by commas.',
    )
  } else if (ids.length > 0 && tokens.length !== ids.length) {
    problems.push(
      `MOLECULE_WORKSPACE_TOKENS and MOLECULE_WORKSPACE_IDS must have as many entries, but they have ` +
        `${counted(tokens.length, 'token')} and ${counted(ids.length, 'id')}: give one token per id in the same order.`,
    )
  }
  const resolved = resolvePlatformUrls({ workspaceIds: ids, platformUrls, platformUrl })
  if (!resolved.ok && ids.length > 0) problems.push(resolved.message)
  if (problems.length > 0 || !resolved.ok) return { problems }
  const urlPlace = (index: number): string =>
    platformUrls.length > 0 ? place('MOLECULE_PLATFORM_URLS', index) : 'MOLECULE_PLATFORM_URL'
  return {
    entries: ids.map((id, index) => ({
      id: { place: place('MOLECULE_WORKSPACE_IDS', index), value: id },
      token: { place: place('MOLECULE_WORKSPACE_TOKENS', index), value: tokens[index] ?? '' },
      url: { place: urlPlace(index), value: resolved.urls[index] ?? '' },
    })),
  }
}

/** Splits at commas. One comma at the end is forgiven; an empty entry elsewhere stays, and is refused later. */
function splitList(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const entries = value.split(',').map((entry) => entry.trim())
  if (entries.at(-1) === '') entries.pop()
  return entries
}

const JSON_NAME = 'MOLECULE_WORKSPACES_JSON'
const JSON_REMEDY = 'write it as [{"id":"…","token":"…","platform_url":"…"}]'

const jsonEntries = z.array(z.object({ id: z.string(), token: z.string(), platform_url: z.string() }))

// The text holds tokens, so no sentence about it quotes any of it.
function readJson(text: string): Entries {
  const raw = parseJson(text)
  if (raw === undefined) return { problems: [`${JSON_NAME} is not valid JSON: ${JSON_REMEDY}.`] }
  if (!Array.isArray(raw) || raw.length === 0) {
    return { problems: [`${JSON_NAME} must be a list with at least one entry: ${JSON_REMEDY}.`] }
  }
  if (raw.length > MAX_WORKSPACES) return { problems: [tooMany(JSON_NAME, raw.length)] }
  const parsed = jsonEntries.safeParse(raw)
  if (!parsed.success) return { problems: parsed.error.issues.map(jsonProblem) }
  return {
    entries: parsed.data.map((entry, index) => ({
      id: { place: `"id" of ${place(JSON_NAME, index)}`, value: entry.id.trim() },
      token: { place: `"token" of ${place(JSON_NAME, index)}`, value: entry.token },
      url: { place: `"platform_url" of ${place(JSON_NAME, index)}`, value: entry.platform_url.trim() },
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
  const where = place(JSON_NAME, Number(index))
  const what = key === undefined ? 'must be an object' : `must have "${String(key)}" as text`
  return `${where} ${what}: ${JSON_REMEDY}.`
}

function checkEntries(
  entries: readonly Entry[],
  earlierWarnings: readonly string[],
): Omit<TargetsResult, 'tokens'> {
  // Sets, since one URL for all workspaces is checked once for each of them.
  const problems = new Set<string>()
  const warnings = new Set(earlierWarnings)
  const firstPlaces = new Map<string, string>()
  const targets = entries.map((entry): Target => {
    const workspaceId = check(workspaceIdSchema, entry.id, showValue(entry.id.value), problems)
    const token = check(tokenSchema, entry.token, 'not shown here', problems)
    const platformUrl = check(platformUrlSchema, entry.url, showValue(entry.url.value), problems)
    const first = firstPlaces.get(workspaceId)
    if (workspaceId !== '' && first !== undefined) {
      problems.add(
        `${entry.id.place} repeats ${first}, but a workspace may be named once: remove one of them.`,
      )
    }
    firstPlaces.set(workspaceId, first ?? entry.id.place)
    if (platformUrl !== '' && hasExtras(entry.url.value)) {
      warnings.add(
        `${entry.url.place} carries user info, a query or a fragment, which a platform URL has not: remove them; ` +
          `${showValue(platformUrl)} is used until then.`,
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

/** The parsed value; or the empty string, and a sentence among the problems. */
function check(
  schema: z.ZodType<string, string>,
  field: Field,
  shown: string,
  problems: Set<string>,
): string {
  const parsed = schema.safeParse(field.value)
  if (parsed.success) return parsed.data
  const rule = parsed.error.issues[0]?.message ?? 'is not accepted'
  problems.add(
    field.value === '' ? `${field.place} is empty: fill it in.` : `${field.place} is ${shown}, ${rule}.`,
  )
  return ''
}

const workspaceIdSchema = z
  .guid('but it must be a UUID: copy the id from the workspace on the platform')
  .toLowerCase()

/**
 * What documentation and templates put in the place of a token. Each form is matched from end to end: a real token
 * is any text, and may well contain one of these words.
 */
const PLACEHOLDER =
  /^(?:<.*>|your[-_]?token.*|change[-_]?me|x{3,}[.…]*|token|\.{3,}|…|paste[-_].*[-_]here|replace[-_]me|undefined|null)$/i

const tokenSchema = z
  .string()
  .max(4_096, 'but it is longer than the 4096 characters allowed: paste the token alone')
  // White space or a control character could end the header early; beyond ASCII a header cannot be built.
  .regex(/^[\x21-\x7e]+$/, 'but it must be printable ASCII without white space: paste the token anew')
  .refine((token) => !PLACEHOLDER.test(token), 'but it is a placeholder: paste the token of the workspace')

const platformUrlSchema = z
  .string()
  .max(2_048, 'but it is longer than the 2048 characters allowed: give the base URL of the platform')
  .refine(isUrl, 'but it must be an absolute URL without white space, such as https://platform.example.com')
  .refine(isHttp, 'but it must begin with https:// (or http:// on this machine): correct the scheme')
  .refine(isSafe, 'but http:// is allowed on this machine only, since the token is sent along: use https://')
  .transform(normaliseUrl)

// The parser of URLs drops tabs and line breaks in silence, so they are looked for first.
function isUrl(value: string): boolean {
  return !/[\s\p{Cc}]/u.test(value) && URL.canParse(value)
}

function isHttp(value: string): boolean {
  return !isUrl(value) || /^https?:$/.test(new URL(value).protocol)
}

function isSafe(value: string): boolean {
  if (!isUrl(value)) return true
  const { protocol, hostname } = new URL(value)
  return protocol !== 'http:' || isLoopback(hostname)
}

function normaliseUrl(value: string): string {
  const { origin, pathname } = new URL(value)
  return origin + pathname.replace(/\/+$/, '')
}

function hasExtras(value: string): boolean {
  const { username, password, search, hash } = new URL(value)
  return [username, password, search, hash].some((part) => part !== '')
}

function place(setting: string, index: number): string {
  return `${setting} entry ${index + 1}`
}

function tooMany(setting: string, count: number): string {
  return `${setting} has ${count} entries, but at most ${MAX_WORKSPACES} workspaces are allowed: remove some.`
}
