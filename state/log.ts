/**
 * Where words go that are not protocol: stderr, and a file of bounded size. The host throws stderr away once the
 * handshake is done, so the file is what a person can read; it is opened only when the program may leave traces.
 */
import { appendFileSync, chmodSync, renameSync } from 'node:fs'
import { regularFileStat } from './regular-file.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LogOptions {
  readonly level?: LogLevel
  readonly write?: (line: string) => void
  readonly now?: () => Date
  /** Bytes after which the file is set aside as `<file>.1`; so at most twice as many are kept. */
  readonly maxBytes?: number
}

const MAX_EARLY_LINES = 200
const MAX_LINE_CHARS = 8_000
// Line breaks of every kind, and what steers a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

export class Log {
  readonly #write: (line: string) => void
  readonly #now: () => Date
  readonly #maxBytes: number
  #level: LogLevel
  #file: string | undefined
  #early: string[] = []
  readonly #secrets = new Set<string>()

  constructor(options: LogOptions = {}) {
    this.#level = options.level ?? 'info'
    this.#write = options.write ?? ((line) => void process.stderr.write(`${line}\n`))
    this.#now = options.now ?? (() => new Date())
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
    for (const secret of secrets) if (secret.length >= 6) this.#secrets.add(secret)
  }

  /** From here on lines also go to `file`; the ones said so far come first. */
  openFile(file: string): void {
    this.#file = file
    try {
      if (regularFileStat(file) !== undefined) chmodSync(file, 0o600)
    } catch {
      // Not a file, or not ours: then nothing is appended either.
    }
    // Redacted again: some were said before the secrets were known.
    for (const line of this.#early.splice(0)) this.#append(this.redact(line))
  }

  readonly debug = (text: string): void => this.#say('debug', text)
  readonly info = (text: string): void => this.#say('info', text)
  readonly warn = (text: string): void => this.#say('warn', text)
  readonly error = (text: string): void => this.#say('error', text)

  redact(text: string): string {
    // Longest first: a secret that another one begins with would else leave the rest of that one standing.
    const longestFirst = [...this.#secrets].sort((a, b) => b.length - a.length)
    return longestFirst.reduce((cleaned, secret) => cleaned.replaceAll(secret, '[secret]'), text)
  }

  #say(level: LogLevel, text: string): void {
    if (ORDER[level] < ORDER[this.#level]) return
    const line = this.redact(text).replace(CONTROL, ' ').slice(0, MAX_LINE_CHARS)
    this.#write(line)
    const stamped = `${this.#now().toISOString()} ${process.pid} ${level} ${line}\n`
    if (this.#file !== undefined) this.#append(stamped)
    else if (this.#early.length < MAX_EARLY_LINES) this.#early.push(stamped)
  }

  #append(line: string): void {
    if (this.#file === undefined) return
    try {
      const size = regularFileStat(this.#file)?.size ?? 0
      if (size + Buffer.byteLength(line) > this.#maxBytes) renameSync(this.#file, `${this.#file}.1`)
      appendFileSync(this.#file, line, { mode: 0o600 })
    } catch {
      // A full or read-only disk, or a pipe in place of the file, must not stop delivery; stderr has the line.
    }
  }
}
