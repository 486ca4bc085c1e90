/** The settings as text: from where each comes, how a value is shown in a sentence, and the single values. */

import { delimiter, isAbsolute } from 'node:path'
import { parseEnv } from 'node:util'
import * as z from 'zod'
import { plainText } from '../../base/plain-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Looks a setting up by its name; `undefined` when it is set nowhere. */
export type Lookup = (name: string) => string | undefined

// What a host passes for a variable that it could not expand.
const UNEXPANDED = /^\$\{[A-Za-z_][\w.]*(?::-[^}]*)?\}$/

/**
 * Joins the process environment and the text of the `.env` file into one lookup. The environment wins, name by
 * name; an empty value and an unexpanded `${NAME}` count as unset in both.
 */
export function joinSources(environment: Environment, envFileText: string | undefined): Lookup {
  const file: Environment = envFileText === undefined ? {} : parseEnv(envFileText)
  return (name) => setValue(environment[name]) ?? setValue(file[name])
}

/** The trimmed value, or `undefined` where it counts as unset. */
export function setValue(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? ''
  return trimmed === '' || UNEXPANDED.test(trimmed) ? undefined : trimmed
}

const MAX_SHOWN = 60
const MAX_LOOKED_AT = 4_096

/**
 * Quotes a value for a sentence: clean, cut, and not at all where it may be a token that was put under the wrong
 * name. Without the user info, query and fragment of a URL, each of which can hold a secret.
 */
export function showValue(value: string): string {
  // Far more than is shown, and a bound on the work: the value can be as long as the file.
  const near = (value.slice(0, MAX_LOOKED_AT).split(/[?#]/, 1)[0] ?? '').trim()
  const [from, to] = [near.indexOf('//'), near.lastIndexOf('@')]
  const bare = from >= 0 && to > from ? `${near.slice(0, from + 2)}${near.slice(to + 1)}` : near
  const likeToken = /[\w-]{32,}/.test(bare) && !/^[\da-f-]+$/i.test(bare)
  if (likeToken) return `not shown here (${value.length} characters)`
  return `"${plainText(bare, MAX_SHOWN)}"${bare.length > MAX_SHOWN ? ' (cut)' : ''}`
}

/** One setting with a default that is safe to fall back to. */
interface Rule<T> {
  readonly name: string
  /** Completes "but it must be …". */
  readonly must: string
  readonly schema: z.ZodType<T, string>
  readonly fallback: T
}

const SWITCH = { truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }
const CHANNEL_MODES = ['auto', 'on', 'off'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

const RELAYS = ['off', 'canvas'] as const

export type ChannelMode = (typeof CHANNEL_MODES)[number]
export type LogLevel = (typeof LOG_LEVELS)[number]
export type PermissionRelay = (typeof RELAYS)[number]

const pollIntervalMs: Rule<number> = {
  name: 'MOLECULE_POLL_INTERVAL_MS',
  must: 'a whole number of milliseconds from 250 to 300000',
  schema: wholeNumber((ms) => ms >= 250 && ms <= 300_000),
  fallback: 5_000,
}

// The platform looks back 30 days at most.
const pollWindowSecs: Rule<number> = {
  name: 'MOLECULE_POLL_WINDOW_SECS',
  must: 'a whole number of seconds from 0 (start from now) to 2592000',
  schema: wholeNumber((secs) => secs <= 2_592_000),
  fallback: 30,
}

const heartbeatIntervalMs: Rule<number> = {
  name: 'MOLECULE_HEARTBEAT_INTERVAL_MS',
  must: '0 (off) or a whole number of milliseconds from 1000 to 60000',
  schema: wholeNumber((ms) => ms === 0 || (ms >= 1_000 && ms <= 60_000)),
  fallback: 30_000,
}

// The most a platform takes.
const attachmentMaxMb: Rule<number> = {
  name: 'MOLECULE_ATTACHMENT_MAX_MB',
  must: 'a whole number of megabytes from 1 to 100',
  schema: wholeNumber((mb) => mb >= 1 && mb <= 100),
  fallback: 25,
}

const autoRegister: Rule<boolean> = {
  name: 'MOLECULE_AUTO_REGISTER_POLL',
  must: 'true or false',
  schema: z.stringbool(SWITCH),
  fallback: true,
}

const channelMode: Rule<ChannelMode> = {
  name: 'MOLECULE_CHANNEL',
  must: 'auto, on or off',
  schema: z.string().toLowerCase().pipe(z.enum(CHANNEL_MODES)),
  fallback: 'auto',
}

const logLevel: Rule<LogLevel> = {
  name: 'MOLECULE_LOG_LEVEL',
  must: 'debug, info, warn or error',
  schema: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)),
  fallback: 'info',
}

const permissionRelay: Rule<PermissionRelay> = {
  name: 'MOLECULE_PERMISSION_RELAY',
  must: 'off or canvas',
  schema: z.string().toLowerCase().pipe(z.enum(RELAYS)),
  fallback: 'off',
}

function wholeNumber(inRange: (value: number) => boolean): z.ZodType<number, string> {
  return z.string().regex(/^\d+$/).transform(Number).refine(inRange)
}

/** Every setting that has a safe default; see the `Config` they become a part of. */
/** Workspace ids in lower case, and `canvas`, `external`, `scheduled`; undefined: everyone the platform lets through. */
export type AllowedSenders = readonly string[] | undefined

export interface SingleSettings {
  readonly pollIntervalMs: number
  readonly pollWindowSecs: number
  readonly heartbeatIntervalMs: number
  readonly agentName: string
  readonly agentDescription: string
  readonly autoRegister: boolean
  readonly channelMode: ChannelMode
  readonly logLevel: LogLevel
  readonly orgId?: string
  /** Megabytes of 1024 x 1024 bytes, of one file in either direction. */
  readonly attachmentMaxMb: number
  /** Absolute folders that files may be sent from; absent: from anywhere. */
  readonly attachmentRoots?: readonly string[]
  /** Absent: everyone the platform lets through. */
  readonly allowedSenders?: readonly string[]
  /** Where the host's permission requests are answered besides the terminal. */
  readonly permissionRelay: PermissionRelay
}

const MAX_NAME = 100
const MAX_DESCRIPTION = 500

/** Reads the single settings. A bad value is never fatal: its default is used, and `warn` gets a sentence. */
export function readSingleSettings(lookup: Lookup, warn: (sentence: string) => void): SingleSettings {
  const orgId = readOrgId(lookup, warn)
  const attachmentRoots = readRoots(lookup, warn)
  const allowedSenders = readSenders(lookup, warn)
  const relay = readRule(permissionRelay, lookup, warn)
  if (relay === 'canvas' && allowedSenders?.includes('canvas') === false) {
    warn(
      'MOLECULE_PERMISSION_RELAY is canvas, but MOLECULE_ALLOWED_SENDERS does not name canvas, so no answer can arrive: ' +
        'add canvas to it, or set the relay to off.',
    )
  }
  return {
    pollIntervalMs: readRule(pollIntervalMs, lookup, warn),
    pollWindowSecs: readRule(pollWindowSecs, lookup, warn),
    heartbeatIntervalMs: readRule(heartbeatIntervalMs, lookup, warn),
    agentName: readText('MOLECULE_AGENT_NAME', MAX_NAME, lookup, warn) || 'Claude Code',
    agentDescription:
      readText('MOLECULE_AGENT_DESC', MAX_DESCRIPTION, lookup, warn) ||
      'A Claude Code session with the channel',
    autoRegister: readRule(autoRegister, lookup, warn),
    channelMode: readRule(channelMode, lookup, warn),
    logLevel: readRule(logLevel, lookup, warn),
    attachmentMaxMb: readRule(attachmentMaxMb, lookup, warn),
    ...(orgId === undefined ? {} : { orgId }),
    permissionRelay: relay,
    ...(attachmentRoots === undefined ? {} : { attachmentRoots }),
    ...(allowedSenders === undefined ? {} : { allowedSenders }),
  }
}

function readRule<T>(rule: Rule<T>, lookup: Lookup, warn: (sentence: string) => void): T {
  const value = lookup(rule.name)
  if (value === undefined) return rule.fallback
  const parsed = rule.schema.safeParse(value)
  if (parsed.success) return parsed.data
  warn(
    `${rule.name} is ${showValue(value)}, but it must be ${rule.must}: ` +
      `correct or remove it; ${String(rule.fallback)} is used until then.`,
  )
  return rule.fallback
}

function readText(name: string, maxLength: number, lookup: Lookup, warn: (sentence: string) => void): string {
  const value = lookup(name) ?? ''
  if (value.length > maxLength) {
    warn(
      `${name} has ${value.length} characters, but at most ${maxLength} are used: shorten it; it is cut until then.`,
    )
  }
  return plainText(value, maxLength)
}

function readOrgId(lookup: Lookup, warn: (sentence: string) => void): string | undefined {
  const value = lookup('MOLECULE_ORG_ID')
  if (value === undefined || z.guid().safeParse(value).success) return value
  warn(
    `MOLECULE_ORG_ID is ${showValue(value)}, but it must be a UUID: correct or remove it; none is sent until then.`,
  )
  return undefined
}

/** A part that cannot be used allows nothing: falling back to "from anywhere" would open what was to be closed. */
function readRoots(lookup: Lookup, warn: (sentence: string) => void): readonly string[] | undefined {
  const name = 'MOLECULE_ATTACHMENT_ROOTS'
  const value = lookup(name)
  if (value === undefined) return undefined
  const folders = value
    .split(delimiter)
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '')
  for (const folder of folders.filter((folder) => !isAbsolute(folder))) {
    warn(
      `${name} names ${showValue(folder)}, but it must be absolute paths with ${delimiter} between them: ` +
        'correct or remove it; it allows nothing until then.',
    )
  }
  return Object.freeze(folders.filter(isAbsolute))
}

const SENDER_GROUPS = ['canvas', 'external', 'scheduled']

/** As with the folders above: a part that cannot be read lets nobody in. */
function readSenders(lookup: Lookup, warn: (sentence: string) => void): readonly string[] | undefined {
  const name = 'MOLECULE_ALLOWED_SENDERS'
  const value = lookup(name)
  if (value === undefined) return undefined
  const senders = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((sender) => sender !== '')
  if (senders.includes('team')) return undefined
  const known = senders.filter(
    (sender) => SENDER_GROUPS.includes(sender) || z.guid().safeParse(sender).success,
  )
  for (const sender of senders.filter((sender) => !known.includes(sender))) {
    warn(
      `${name} names ${showValue(sender)}, but it must be team, or workspace ids, canvas, external and scheduled with ` +
        'commas between them: correct or remove it; it lets nobody in until then.',
    )
  }
  return Object.freeze(known)
}
