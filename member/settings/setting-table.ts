/** Every setting of this program, one row each. Parsing, warnings and the README's table are all made from these rows. */

import { delimiter, isAbsolute } from 'node:path'
import * as z from 'zod'

export interface Setting {
  readonly name: string
  /** Completes "must be …". */
  readonly rule: string
  /** What it does, in whole sentences of Markdown, for the README. */
  readonly meaning: string
  /** The default; `undefined` when there is none. */
  readonly fallback?: unknown
  /** The `.env` file is in the folder it names, so it cannot be set there. */
  readonly environmentOnly?: boolean
}

/** One value. A bad one is replaced by the fallback, with a warning. */
export interface ValueSetting<T> extends Setting {
  readonly schema: z.ZodType<T, string>
  readonly fallback: T
}

/** One line of text, cut where it is too long. */
export interface TextSetting extends Setting {
  readonly maxLength: number
  readonly fallback: string
}

/** Several values in one. A bad one allows nothing: the fallback would open what was meant to be closed. */
export interface ListSetting extends Setting {
  readonly separator: string | RegExp
  readonly entry: z.ZodType<string, string>
}

const CHANNEL_MODES = ['auto', 'on', 'off', 'doorbell'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
const RELAYS = ['off', 'canvas'] as const
/** What other programs call `off`. */
const OFF = { false: 'off', no: 'off', 0: 'off', none: 'off', disabled: 'off' } as const

export type ChannelMode = (typeof CHANNEL_MODES)[number]
export type LogLevel = (typeof LOG_LEVELS)[number]
export type PermissionRelay = (typeof RELAYS)[number]

/** The sender groups of the platform, beside workspace ids. */
const SENDER_GROUPS = ['canvas', 'external', 'scheduled'] as const
export const EVERY_SENDER = 'team'

export const MAX_WORKSPACES = 200

const stateDir: Setting = {
  name: 'MOLECULE_STATE_DIR',
  fallback: '~/.claude/channels/molecule',
  rule: 'an absolute path, or one that begins with ~/',
  meaning: 'The state folder. Without this setting, it follows `CLAUDE_CONFIG_DIR`.',
  environmentOnly: true,
}

const platformUrl: Setting = {
  name: 'MOLECULE_PLATFORM_URL',
  rule: 'an https URL, or http on this machine',
  meaning: 'One platform for all workspaces.',
}

const platformUrls: Setting = {
  name: 'MOLECULE_PLATFORM_URLS',
  rule: 'such URLs, separated by commas',
  meaning: 'One platform for each workspace, in the order of the ids. Overrides `MOLECULE_PLATFORM_URL`.',
}

const workspaceIds: Setting = {
  name: 'MOLECULE_WORKSPACE_IDS',
  rule: 'UUIDs, separated by commas',
  meaning: `The workspaces to receive for, at most ${MAX_WORKSPACES}.`,
}

const workspaceTokens: Setting = {
  name: 'MOLECULE_WORKSPACE_TOKENS',
  rule: 'tokens, separated by commas',
  meaning: 'One token for each workspace, in the order of the ids.',
}

const workspacesJson: Setting = {
  name: 'MOLECULE_WORKSPACES_JSON',
  rule: '[{"id":"…","token":"…","platform_url":"…"}]',
  meaning: 'All workspaces in one value. Overrides the four settings above.',
}

const pollIntervalMs: ValueSetting<number> = {
  name: 'MOLECULE_POLL_INTERVAL_MS',
  fallback: 5_000,
  schema: wholeNumber((ms) => ms >= 250 && ms <= 300_000),
  rule: 'a whole number of milliseconds from 250 to 300000',
  meaning:
    "How often to check the inbox. While the platform's event stream brings events, the plugin checks once a minute instead.",
}

const pollWindowSecs: ValueSetting<number> = {
  name: 'MOLECULE_POLL_WINDOW_SECS',
  fallback: 30,
  // The platform looks back 30 days at most.
  schema: wholeNumber((secs) => secs <= 2_592_000),
  rule: 'a whole number of seconds from 0 to 2592000',
  meaning:
    'How far back the very first start looks for messages, whether or not it receives; 0 means only new ones.',
}

const heartbeatIntervalMs: ValueSetting<number> = {
  name: 'MOLECULE_HEARTBEAT_INTERVAL_MS',
  fallback: 30_000,
  schema: wholeNumber((ms) => ms === 0 || (ms >= 1_000 && ms <= 60_000)),
  rule: '0 (off) or a whole number of milliseconds from 1000 to 60000',
  meaning: 'How often to send a heartbeat.',
}

const agentName: TextSetting = {
  name: 'MOLECULE_AGENT_NAME',
  fallback: 'Claude Code',
  maxLength: 100,
  rule: 'at most 100 characters long',
  meaning: 'The name on the agent card.',
}

const agentDescription: TextSetting = {
  name: 'MOLECULE_AGENT_DESC',
  fallback: 'A Claude Code session with the channel',
  maxLength: 500,
  rule: 'at most 500 characters long',
  meaning: 'The description on the agent card.',
}

const autoRegister: ValueSetting<boolean> = {
  name: 'MOLECULE_AUTO_REGISTER_POLL',
  fallback: true,
  schema: z.stringbool(),
  rule: 'true or false',
  meaning:
    'Whether to register at start. With `false`, the platform must already have the workspace in poll mode.',
}

const orgId: ValueSetting<string | undefined> = {
  name: 'MOLECULE_ORG_ID',
  fallback: undefined,
  // A platform compares it as text.
  schema: z.guid().toLowerCase(),
  rule: 'a UUID',
  meaning: 'The organization id, where a hosted platform asks for one.',
}

const attachmentMaxMb: ValueSetting<number> = {
  name: 'MOLECULE_ATTACHMENT_MAX_MB',
  fallback: 25,
  // A platform takes 100 at most.
  schema: wholeNumber((mb) => mb >= 1 && mb <= 100),
  rule: 'a whole number of megabytes from 1 to 100',
  meaning: 'Larger files are neither fetched nor sent.',
}

const attachmentRoots: ListSetting = {
  name: 'MOLECULE_ATTACHMENT_ROOTS',
  separator: delimiter,
  entry: z.string().refine(isAbsolute),
  rule: `absolute paths with a "${delimiter}" between them`,
  meaning: 'If set, only files below these folders are sent.',
}

const allowedSenders: ListSetting = {
  name: 'MOLECULE_ALLOWED_SENDERS',
  fallback: EVERY_SENDER,
  separator: /[\s,]+/,
  entry: z
    .string()
    .toLowerCase()
    .pipe(z.union([z.enum([EVERY_SENDER, ...SENDER_GROUPS]), z.guid()])),
  rule: 'team, or workspace ids, canvas, external and scheduled, separated by commas',
  meaning:
    'Who may write: with `team`, everyone the platform lets through. `canvas` is the chat. Messages from anyone else are ' +
    'counted in `status` and `inbox` and never shown, nor is an answer of theirs that comes after its call. Checked when ' +
    'a message arrives.',
}

const channelMode: ValueSetting<ChannelMode> = {
  name: 'MOLECULE_CHANNEL',
  fallback: 'auto',
  schema: oneOf(CHANNEL_MODES, { true: 'on', yes: 'on', 1: 'on', enabled: 'on', ...OFF }),
  rule: 'auto, on, off or doorbell',
  meaning:
    'Whether a session may receive. `auto` decides by how Claude Code was started, and by `/molecule:receive`; other MCP ' +
    'clients never receive. `doorbell` is `/molecule:receive` for every session that uses this folder. Use `on` for an ' +
    'Agent SDK program that switches the channel on.',
}

const logLevel: ValueSetting<LogLevel> = {
  name: 'MOLECULE_LOG_LEVEL',
  fallback: 'info',
  schema: oneOf(LOG_LEVELS, { warning: 'warn' }),
  rule: 'debug, info, warn or error',
  meaning: 'The least severe level that is logged.',
}

const permissionRelay: ValueSetting<PermissionRelay> = {
  name: 'MOLECULE_PERMISSION_RELAY',
  fallback: 'off',
  schema: oneOf(RELAYS, OFF),
  rule: 'off or canvas',
  meaning:
    "With `canvas`, permission requests of Claude Code can be answered in the workspace's chat. Read when the session starts.",
}

/** In the order of the README. */
export const SETTINGS = {
  platformUrl,
  platformUrls,
  workspaceIds,
  workspaceTokens,
  workspacesJson,
  stateDir,
  pollIntervalMs,
  pollWindowSecs,
  heartbeatIntervalMs,
  agentName,
  agentDescription,
  autoRegister,
  orgId,
  attachmentMaxMb,
  attachmentRoots,
  allowedSenders,
  channelMode,
  logLevel,
  permissionRelay,
} as const

export const SETTING_ROWS: readonly Setting[] = Object.values(SETTINGS)

function wholeNumber(inRange: (value: number) => boolean): z.ZodType<number, string> {
  return z.string().regex(/^\d+$/).transform(Number).refine(inRange)
}

/**
 * In any case.
 *
 * @param spellings what other programs call one of the words.
 */
function oneOf<const T extends readonly string[]>(
  words: T,
  spellings: Readonly<Record<string, T[number]>>,
): z.ZodType<T[number], string> {
  return z
    .string()
    .toLowerCase()
    .transform((word) => (Object.hasOwn(spellings, word) ? spellings[word] : word))
    .pipe(z.enum(words))
}
