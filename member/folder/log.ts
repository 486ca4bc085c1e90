/**
 * Logs to stderr and to a file of bounded size. The host discards stderr after the handshake, so the file is what people
 * read; it is opened only once the program may leave traces.
 */
import { lstatSync, renameSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { LineOutput } from '../../base/line-output.ts'
import { MIN_SECRET_CHARS, redact } from '../../base/redact.ts'
import type { LogLevel } from '../settings/setting-table.ts'
import { appendToFile } from './regular-file.ts'

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LogOptions {
  /** Tells our lines apart from those of other programs. */
  readonly program?: string
  readonly level?: LogLevel
  readonly write?: (line: string, level: LogLevel) => void
  readonly clock: Pick<Clock, 'now'>
  /** Bytes after which the file becomes `<file>.1`, so at most twice as many are kept. */
  readonly maxBytes?: number
}

const MAX_EARLY_LINES = 200
const MAX_LINE_CHARS = 8_000
/** Secrets kept for one workspace: its platform could keep issuing them forever. */
export const MAX_ISSUED = 20
// Line breaks of every kind, and control characters that control a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

export class Log {
  readonly #write: (line: string, level: LogLevel) => void
  readonly #clock: Pick<Clock, 'now'>
  readonly #maxBytes: number
  readonly #program: string
  #level: LogLevel
  #file: string | undefined
  #problem: string | undefined
  #early: string[] = []
  readonly #secrets = new Set<string>()
  /** By workspace, the newest last. */
  readonly #issued = new Map<string, readonly string[]>()

  constructor(options: LogOptions) {
    this.#program = options.program ?? 'molecule channel'
    this.#level = options.level ?? 'info'
    this.#write = options.write ?? new LineOutput(() => process.stderr, this.#stderrFailed).write
    this.#clock = options.clock
    this.#maxBytes = options.maxBytes ?? 1024 * 1024
  }

  setLevel(level: LogLevel): void {
    this.#level = level
  }

  /**
   * Redacts these texts from now on. They are kept for the life of the process, because a request with a replaced token
   * may still be in flight.
   */
  addSecrets(secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret)
  }

  /** Like {@link addSecrets}, for what a platform issued to a workspace; keeps the last {@link MAX_ISSUED}. */
  addIssued(workspaceId: string, secrets: readonly string[]): void {
    const known = this.#issued.get(workspaceId) ?? []
    const newer = new Set(secrets.filter((secret) => secret.length >= MIN_SECRET_CHARS))
    if (newer.size === 0) return
    const kept = [...known.filter((secret) => !newer.has(secret)), ...newer].slice(-MAX_ISSUED)
    this.#issued.set(workspaceId, kept)
  }

  /** Also writes to `file` from now on, beginning with the lines logged so far. */
  openFile(file: string): void {
    this.#file = file
    // Closes the file to others, and replaces a hard link to another file, before the first line is due.
    this.#append('')
    // Redacted again: some were logged before the secrets were known.
    for (const line of this.#early.splice(0)) this.#append(this.redact(line))
  }

  readonly debug = (text: string): void => this.#say('debug', text)
  readonly info = (text: string): void => this.#say('info', text)
  readonly warn = (text: string): void => this.#say('warn', text)
  readonly error = (text: string): void => this.#say('error', text)

  /** Why the file could not be written the last time; undefined when it was, or there is none. */
  get problem(): string | undefined {
    return this.#problem
  }

  redact(text: string): string {
    return redact(text, this.secrets)
  }

  /** Everything that is kept out of it: tokens, and what the platforms issued. */
  get secrets(): readonly string[] {
    return [...this.#secrets, ...[...this.#issued.values()].flat()]
  }

  /** The file, if there is one, still takes lines. */
  readonly #stderrFailed = (error: unknown): void =>
    this.warn(`stderr cannot be written, so nothing more goes there: ${describeError(error)}`)

  #say(level: LogLevel, text: string): void {
    if (ORDER[level] < ORDER[this.#level]) return
    const line = `${this.#program}: ${this.redact(text)}`.replace(CONTROL, ' ').slice(0, MAX_LINE_CHARS)
    this.#write(line, level)
    const stamped = `${new Date(this.#clock.now()).toISOString()} ${process.pid} ${level} ${line}\n`
    if (this.#file !== undefined) this.#append(stamped)
    else if (this.#early.length < MAX_EARLY_LINES) this.#early.push(stamped)
  }

  #append(line: string): void {
    if (this.#file === undefined) return
    try {
      const stat = lstatSync(this.#file, { throwIfNoEntry: false })
      const size = stat?.isFile() ? stat.size : 0
      if (size + Buffer.byteLength(line) > this.#maxBytes) renameSync(this.#file, `${this.#file}.1`)
      appendToFile(this.#file, line)
      this.#problem = undefined
    } catch (error) {
      // A full or read-only disk, or a pipe in place of the file, must not stop delivery. stderr has the line, and
      // status says why the file has not.
      this.#problem = describeError(error)
    }
  }
}
