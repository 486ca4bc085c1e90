/**
 * Presence: one heartbeat, and the loop that repeats it. A heartbeat never throws and is never retried at once: the
 * next tick is the retry. Importing this module does nothing.
 */

import { type Clock, systemClock } from './base/clock.ts'
import { BodyError, exchange, platformHeaders, type Reply } from './base/http.ts'
import { LineOutput } from './base/line-output.ts'
import { plainText } from './base/plain-text.ts'
import { redact } from './base/redact.ts'
import { kindOfStatus } from './member/client/failure.ts'
import { type IssuedSecrets, issuedSecretsSchema } from './member/client/issued-secrets.ts'
import type { Target } from './member/settings/config.ts'

/** The full state as sent on the wire. For a field left out the platform stores zero or an empty value. */
export interface HeartbeatMetrics {
  /** Failure rate since the last beat, 0 to 1. */
  readonly error_rate: number
  /** One of these failures, or the empty string; visible to people. */
  readonly sample_error: string
  /** Messages delivered and not yet answered. */
  readonly active_tasks: number
  /** The current task, or the empty string; visible to people. */
  readonly current_task: string
  readonly uptime_seconds: number
  /** Present only when stuck: any other value would keep the platform from reporting the workspace as healthy again. */
  readonly runtime_state?: 'wedged'
  readonly runtime_metadata: {
    readonly capabilities?: Readonly<Record<string, boolean>>
    readonly idle_timeout_seconds?: number
  }
}

export interface HeartbeatOptions {
  readonly platformUrl: string
  readonly workspaceId: string
  /** Secret; redacted from every logged line. */
  readonly token: string
  /** Default: the global `fetch`. */
  readonly fetchImpl?: typeof fetch
  /** Called with one line without a line break. Default: writes to standard error. */
  readonly log?: (line: string) => void
  /** Milliseconds for the whole exchange. Default: 10 000. */
  readonly timeoutMs?: number
  /** Without them the smallest body is sent, which clears all of them on the platform. */
  readonly metrics?: HeartbeatMetrics
}

export interface BeatOptions extends Omit<HeartbeatOptions, 'log'> {
  /** Times the exchange. Default: the system's. */
  readonly clock?: Clock
  /** Aborts the exchange, as a failure. */
  readonly signal?: AbortSignal
}

/**
 * - `ok`: the platform accepted the beat.
 * - `refused`: 401. A single one does not prove that the token is invalid, since a platform whose database is down
 *   answers the same.
 * - `failed`: everything else.
 *
 * `detail` is one clean line without the token.
 */
export type BeatResult =
  | { readonly kind: 'ok'; readonly secrets: IssuedSecrets }
  | { readonly kind: 'refused'; readonly detail: string }
  | {
      readonly kind: 'failed'
      readonly detail: string
      /** The platform refuses it for what it is: the next one will fare no better. */
      readonly isFinal?: true
    }

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536
const MAX_LOGGED_BODY = 200
const MAX_LOGGED_ERROR = 300
const MAX_STATE_TEXT = 300

/** Sends one heartbeat and logs a failure. Always resolves. */
export async function sendHeartbeat(options: HeartbeatOptions): Promise<void> {
  const result = await beat(options)
  if (result.kind === 'ok') return
  const { log = stderr.write } = options
  writeLine(log, `molecule channel: heartbeat ${plainText(options.workspaceId, 100)} ${result.detail}`)
}

/** Sends one heartbeat. Always resolves, and logs nothing. */
export async function beat(options: BeatOptions): Promise<BeatResult> {
  const { token } = options
  try {
    const reply = await exchange({
      method: 'POST',
      url: `${options.platformUrl.replace(/\/+$/, '')}/registry/heartbeat`,
      headers: platformHeaders(options.platformUrl, token, { 'Content-Type': 'application/json' }),
      body: heartbeatBody(options.workspaceId, options.metrics),
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      clock: options.clock ?? systemClock,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.fetchImpl === undefined ? {} : { fetchImpl: options.fetchImpl }),
    })
    return judge(reply, token)
  } catch (error) {
    if (error instanceof BodyError) return judgeStatus(error.status, `(${error.message})`, token)
    return { kind: 'failed', detail: `fetch failed: ${clean(errorText(error), token, MAX_LOGGED_ERROR)}` }
  }
}

function heartbeatBody(workspaceId: string, metrics: HeartbeatMetrics | undefined): string {
  if (metrics === undefined) return JSON.stringify({ workspace_id: workspaceId })
  return JSON.stringify({
    workspace_id: workspaceId,
    error_rate: Math.min(finite(metrics.error_rate), 1),
    sample_error: plainText(metrics.sample_error, MAX_STATE_TEXT),
    active_tasks: Math.floor(finite(metrics.active_tasks)),
    current_task: plainText(metrics.current_task, MAX_STATE_TEXT),
    uptime_seconds: Math.floor(finite(metrics.uptime_seconds)),
    ...(metrics.runtime_state === 'wedged' ? { runtime_state: 'wedged' } : {}),
    runtime_metadata: metrics.runtime_metadata,
  })
}

// The platform refuses the whole beat for a fraction or a null where it expects a number.
function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(value, 0) : 0
}

function judge(reply: Reply, token: string): BeatResult {
  const type = reply.headers.get('content-type') ?? ''
  // The platform answers unknown paths with a web page: that does not count as an accepted heartbeat.
  if (/\bhtml\b/i.test(type)) {
    return { kind: 'failed', detail: httpDetail(reply.status, reply.text, token) }
  }
  const result = judgeStatus(reply.status, reply.text, token)
  return result.kind === 'ok' && /\bjson\b/i.test(type)
    ? { kind: 'ok', secrets: readSecrets(reply.text) }
    : result
}

function judgeStatus(status: number, body: string, token: string): BeatResult {
  if (status >= 200 && status < 300) return { kind: 'ok', secrets: {} }
  const detail = httpDetail(status, body, token)
  if (status === 401) return { kind: 'refused', detail }
  return kindOfStatus(status) === 'refused'
    ? { kind: 'failed', detail, isFinal: true }
    : { kind: 'failed', detail }
}

function httpDetail(status: number, body: string, token: string): string {
  return `HTTP ${status} — ${clean(body, token, MAX_LOGGED_BODY) || '(empty body)'}`
}

function readSecrets(text: string): IssuedSecrets {
  try {
    return issuedSecretsSchema.parse(JSON.parse(text))
  } catch {
    // The status alone says that the beat was accepted; a later response repeats the secrets.
    return {}
  }
}

// Before truncation, which could leave part of the token. Of any length: a garbled line harms less than a token in a log.
function clean(text: string, token: string, maxLength: number): string {
  return plainText(redact(text, [token], '[token]', 1), maxLength)
}

function errorText(error: unknown): string {
  try {
    return String(error)
  } catch {
    // A value without text, such as an object without a prototype, can be thrown, too.
    return 'unknown error'
  }
}

function writeLine(log: (line: string) => void, line: string): void {
  try {
    log(line)
  } catch {
    // A failing log must not stop the heartbeats.
  }
}

const stderr = new LineOutput(() => process.stderr)

export interface HeartbeatLoopOptions extends Pick<HeartbeatOptions, 'fetchImpl' | 'timeoutMs'> {
  readonly target: Pick<Target, 'workspaceId' | 'platformUrl'>
  /** Milliseconds between two beats; 0 is off. */
  readonly intervalMs: number
  /** Milliseconds by which to delay every beat of this workspace, so that several do not beat together. */
  readonly staggerMs: number
  /** Asked at each beat. */
  readonly metrics: () => HeartbeatMetrics
  /** Asked at each beat, so that a replaced token takes effect at the next one. */
  readonly token: () => string
  /** Called after each beat, and awaited before the next. To stop after a refusal, abort the signal. */
  readonly onResult: (result: BeatResult) => unknown
  /** Called with a sentence without a line break that begins with "heartbeat:". */
  readonly log: (sentence: string) => void
  /** The same, for failures. Default: `log`. */
  readonly warn?: (sentence: string) => void
  readonly clock: Clock
  /** Stops the loop at once; a beat in flight has no effect. */
  readonly signal: AbortSignal
}

/**
 * Beats until the signal. The first beat comes one interval (and the stagger) after the call, since a registration has
 * just announced the workspace. A tick is skipped while the last beat is still in flight.
 */
export function startHeartbeatLoop(options: HeartbeatLoopOptions): void {
  const { intervalMs, signal, clock } = options
  // Written this way round because a timer treats NaN as "every millisecond".
  if (!(intervalMs > 0) || signal.aborted) return
  let beating = false
  let failures = 0

  const tick = async (): Promise<void> => {
    if (beating || signal.aborted) return
    beating = true
    const result = await beatOnce(options)
    if (!signal.aborted) {
      failures = report(options, result, failures)
      await tellOwner(options, result)
    }
    beating = false
  }

  let cancel = clock.after(options.staggerMs, () => {
    // Nothing in `tick` can reject: `beatOnce`, `report` and `tellOwner` each catch the errors of what they call.
    cancel = clock.every(intervalMs, () => void tick())
  })
  signal.addEventListener('abort', () => cancel(), { once: true })
}

async function beatOnce(options: HeartbeatLoopOptions): Promise<BeatResult> {
  const { target, fetchImpl, timeoutMs, clock, signal } = options
  try {
    return await beat({
      platformUrl: target.platformUrl,
      workspaceId: target.workspaceId,
      token: options.token(),
      metrics: options.metrics(),
      clock,
      signal,
      ...(fetchImpl === undefined ? {} : { fetchImpl }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
  } catch (error) {
    return { kind: 'failed', detail: `not sent: ${plainText(errorText(error), MAX_LOGGED_ERROR)}` }
  }
}

/** Logs what is worth a line, and returns the number of consecutive failures. */
function report(options: HeartbeatLoopOptions, result: BeatResult, failuresBefore: number): number {
  const { log, warn = log } = options
  if (result.kind === 'ok') {
    if (failuresBefore > 0)
      writeLine(log, `heartbeat: accepted again, after ${failuresBefore} failed in a row`)
    return 0
  }
  const failures = failuresBefore + 1
  if (isWorthALine(failures)) {
    writeLine(warn, `heartbeat: ${result.detail} (failure ${failures} in a row)`)
  }
  return failures
}

function isWorthALine(failures: number): boolean {
  return failures <= 3 || failures % 10 === 0
}

async function tellOwner(options: HeartbeatLoopOptions, result: BeatResult): Promise<void> {
  try {
    await options.onResult(result)
  } catch (error) {
    const text = plainText(errorText(error), MAX_LOGGED_ERROR)
    writeLine(options.log, `heartbeat: the result was not handled: ${text}`)
  }
}
