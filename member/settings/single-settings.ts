/** Reads every setting that has a safe default. The workspaces, which have none, are read in `targets.ts`. */

import { plainText } from '../../base/plain-text.ts'
import {
  type ChannelMode,
  EVERY_SENDER,
  type ListSetting,
  type LogLevel,
  type PermissionRelay,
  SETTINGS,
  type TextSetting,
  type ValueSetting,
} from './setting-table.ts'
import { bare, type Lookup, quoteValue } from './setting-text.ts'

/** Workspace ids in lower case, `canvas`, `external` and `scheduled`; undefined: everyone the platform lets through. */
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
  readonly orgId: string | undefined
  /** Megabytes of 1024 x 1024 bytes, for one file in either direction. */
  readonly attachmentMaxMb: number
  /** Absolute folders that files may be sent from; undefined: from anywhere. */
  readonly attachmentRoots: readonly string[] | undefined
  readonly allowedSenders: AllowedSenders
  /** Where the host's permission requests can be answered besides the terminal. */
  readonly permissionRelay: PermissionRelay
}

type Warn = (sentence: string) => void

/** A bad value is never fatal: the default applies instead, and `warn` gets a sentence. */
export function readSingleSettings(lookup: Lookup, warn: Warn): SingleSettings {
  const value = <T>(setting: ValueSetting<T>): T => readValue(setting, lookup, warn)
  const text = (setting: TextSetting): string => readText(setting, lookup, warn)
  const list = (setting: ListSetting): readonly string[] | undefined => readList(setting, lookup, warn)
  const senders = list(SETTINGS.allowedSenders)
  const settings: SingleSettings = {
    pollIntervalMs: value(SETTINGS.pollIntervalMs),
    pollWindowSecs: value(SETTINGS.pollWindowSecs),
    heartbeatIntervalMs: value(SETTINGS.heartbeatIntervalMs),
    agentName: text(SETTINGS.agentName),
    agentDescription: text(SETTINGS.agentDescription),
    autoRegister: value(SETTINGS.autoRegister),
    channelMode: value(SETTINGS.channelMode),
    logLevel: value(SETTINGS.logLevel),
    orgId: value(SETTINGS.orgId),
    attachmentMaxMb: value(SETTINGS.attachmentMaxMb),
    attachmentRoots: list(SETTINGS.attachmentRoots),
    allowedSenders: senders?.includes(EVERY_SENDER) ? undefined : senders,
    permissionRelay: value(SETTINGS.permissionRelay),
  }
  warnOfUnansweredRelay(settings, warn)
  return settings
}

function readValue<T>({ name, schema, rule, fallback }: ValueSetting<T>, lookup: Lookup, warn: Warn): T {
  const value = lookup(name)
  if (value === undefined) return fallback
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const instead = fallback === undefined ? 'it is ignored' : `${String(fallback)} applies`
  warn(`${name} is ${quoteValue(value)} but must be ${rule}: correct or remove it. Until then, ${instead}.`)
  return fallback
}

function readText({ name, rule, maxLength, fallback }: TextSetting, lookup: Lookup, warn: Warn): string {
  const value = lookup(name) ?? ''
  if (value.length > maxLength) {
    warn(`${name} has ${value.length} characters but must be ${rule}: shorten it. Until then, it is cut.`)
  }
  return plainText(value, maxLength) || fallback
}

/** The good entries; undefined when the setting is not set. */
function readList(
  { name, separator, entry, rule }: ListSetting,
  lookup: Lookup,
  warn: Warn,
): readonly string[] | undefined {
  const value = lookup(name)
  if (value === undefined) return undefined
  const entries = value
    .split(separator)
    .map(bare)
    .filter((text) => text !== '')
  // Separators alone were meant as something.
  const good = (entries.length === 0 ? [value] : entries).flatMap((text) => {
    const parsed = entry.safeParse(text)
    if (parsed.success) return [parsed.data]
    warn(
      `${name} contains ${quoteValue(text)} but must be ${rule}: correct or remove it. Until then, it allows nothing.`,
    )
    return []
  })
  return Object.freeze(good)
}

function warnOfUnansweredRelay({ permissionRelay, allowedSenders }: SingleSettings, warn: Warn): void {
  if (permissionRelay !== 'canvas' || allowedSenders === undefined || allowedSenders.includes('canvas'))
    return
  const [relay, senders] = [SETTINGS.permissionRelay.name, SETTINGS.allowedSenders.name]
  warn(
    `${relay} is canvas, but ${senders} does not include canvas, so no answer can arrive: ` +
      `add canvas to ${senders}, or set ${relay} to off.`,
  )
}
