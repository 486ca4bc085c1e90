/**
 * Where words go that are not protocol: stderr, and a file of bounded size. The host throws stderr away once the
 * handshake is done, so the file is what a person can read; it is opened only when the program may leave traces.
 */
import { lstatSync, renameSync } from 'node:fs'
import { type Clock, systemClock } from '../../base/clock.ts'
import { MIN_SECRET_CHARS, redact } from '../../base/redact.ts'
import { appendToFile } from './regular-file.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LogOptions {
  readonly level?: LogLevel
  readonly write?: (line: string) => void
  readonly clock?: Pick<Clock, 'now'>
  /** Bytes after which the file is set aside as `<file>.1`; so at most twice as many are kept. */
  readonly maxBytes?: number
}

/** Begins every line, for whoever reads it among the lines of other programs. */
const PREFIX = 'molecule channel: '
const MAX_EARLY_LINES = 200
const MAX_LINE_CHARS = 8_000
/** Of those that one platform issued to one workspace, since it could go on issuing for ever. */
export const MAX_ISSUED = 20
// Line breaks of every kind, and what steers a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

export class Log {
  readonly #write: (line: string) => void
  readonly #clock: Pick<Clock, 'now'>
  readonly #maxBytes: number
  #level: LogLevel
  #file: string | undefined
  #early: string[] = []
  readonly #secrets = new Set<string>()
  /** By the workspace they were issued to, the newest last. */
  readonly #issued = new Map<string, readonly string[]>()

  constructor(options: LogOptions = {}) {
    this.#level = options.level ?? 'info'
    this.#write = options.write ?? ((line) => void process.stderr.write(`${line}\n`))
    this.#clock = options.clock ?? systemClock
    this.#maxBytes = options.maxBytes ?? 1024 * 1024
  }

  setLevel(level: LogLevel): void {
    this.#level = level
  }

  /**
   * Texts that are replaced wherever they would appear: the last line of defence, not the first. They are kept for the
   * life of the process, since a request that carries a replaced token may still be under way.
   */
  addSecrets(secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret)
  }

  /** As {@link addSecrets}, for what a platform issued to a workspace: the last {@link MAX_ISSUED} of these are kept. */
  addIssued(workspaceId: string, secrets: readonly string[]): void {
    const known = this.#issued.get(workspaceId) ?? []
    const newer = new Set(secrets.filter((secret) => secret.length >= MIN_SECRET_CHARS))
    if (newer.size === 0) return
    const kept = [...known.filter((secret) => !newer.has(secret)), ...newer].slice(-MAX_ISSUED)
    this.#issued.set(workspaceId, kept)
  }

  /** From here on lines also go to `file`; the ones said so far come first. */
  openFile(file: string): void {
    this.#file = file
    // Taken from others, and begun anew where it is a second name of another file, before the first line is due.
    this.#append('')
    // Redacted again: some were said before the secrets were known.
    for (const line of this.#early.splice(0)) this.#append(this.redact(line))
  }

  readonly debug = (text: string): void => this.#say('debug', text)
  readonly info = (text: string): void => this.#say('info', text)
  readonly warn = (text: string): void => this.#say('warn', text)
  readonly error = (text: string): void => this.#say('error', text)

  redact(text: string): string {
    return redact(text, [...this.#secrets, ...[...this.#issued.values()].flat()])
  }

  #say(level: LogLevel, text: string): void {
    if (ORDER[level] < ORDER[this.#level]) return
    const line = (PREFIX + this.redact(text)).replace(CONTROL, ' ').slice(0, MAX_LINE_CHARS)
    this.#write(line)
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
    } catch {
      // A full or read-only disk, or a pipe in place of the file, must not stop delivery; stderr has the line.
    }
  }
}
