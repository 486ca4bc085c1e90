/**
 * Runs one program for one message: its text goes to standard input, its standard output is the answer. The program
 * runs in a process group of its own, which ends with it: whatever it started and left behind is killed.
 *
 * The input is a file without a name. Through a pipe, a program that outlives this process, as after a crash, would be
 * given the beginning of a text and take it for the whole.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { codeOf, describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import type { Environment } from '../../member/settings/config.ts'
import { quoteValue } from '../../member/settings/setting-text.ts'
import { BackendFailure, OptionError } from './backend.ts'
import { ErrorOutput } from './error-output.ts'

export interface ProgramOptions {
  /** The program and its arguments. Nothing a sender wrote may be among them. */
  readonly argv: readonly [string, ...string[]]
  readonly environment: Environment
  readonly input: string
  /** Where a file can be made. */
  readonly folder: string
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
  /** Gets the lines of standard error, up to a bound. */
  readonly log: (line: string) => void
  /** Whether standard error may repeat the message: of that, only the last line before an exit code is quoted. */
  readonly repeatsInput?: boolean
  readonly clock: Pick<Clock, 'after'>
}

/** A program that ended with an exit code. */
export class ExitFailure extends BackendFailure {
  /** What it had written to standard output. */
  readonly output: string

  constructor(message: string, output: string) {
    super(message)
    this.output = output
  }
}

/** How long a program that has ended may leave its output open, as one does that left something running. */
const DRAIN_MS = 200

/**
 * @returns what it wrote to standard output.
 * @throws BackendFailure when it cannot be started, fails (ExitFailure), takes too long or says too much; or the abort
 *   reason.
 */
export async function runProgram(options: ProgramOptions): Promise<string> {
  const { timeoutMs, maxOutputBytes, signal, log, repeatsInput = false, clock } = options
  const [file] = options.argv
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = startProgram(options)
  const output: Buffer[] = []
  let [bytes, isOver] = [0, false]
  const errors = new ErrorOutput(log)

  const end = (failure?: unknown): void => {
    if (isOver) return
    isOver = true
    errors.end()
    cancelTimeout()
    signal.removeEventListener('abort', onAbort)
    killGroup(child.pid)
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
    if (failure === undefined) resolve(written())
    else reject(failure)
  }
  const written = (): string => Buffer.concat(output).toString('utf8')
  const fail = (what: string): void =>
    end(new BackendFailure(withLastWords(what, repeatsInput ? '' : errors.lastWords)))
  const onAbort = (): void => end(signal.reason)
  const cancelTimeout = clock.after(timeoutMs, () => fail(`It did not end within ${timeoutMs / 1000} s`))
  signal.addEventListener('abort', onAbort, { once: true })

  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxOutputBytes) fail(`It wrote more than ${maxOutputBytes} bytes`)
    else output.push(chunk)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  child.on('error', (error) => end(cannotStart(file, error)))
  child.on('exit', (code, killedBy) => {
    const done = (): void => {
      if (code === 0) end()
      else if (code === null) fail(`It was ended by ${killedBy ?? 'a signal'}`)
      else {
        const words = repeatsInput ? lastLine(errors.lastWords) : errors.lastWords
        end(new ExitFailure(withLastWords(`It ended with exit code ${code}`, words), written()))
      }
    }
    const cancel = clock.after(DRAIN_MS, done)
    child.on('close', () => {
      cancel()
      done()
    })
  })
  return promise
}

function startProgram({ argv: [file, ...rest], environment, input, folder }: ProgramOptions) {
  const stdin = openInput(folder, input)
  try {
    return spawn(file, rest, { detached: true, env: { ...environment }, stdio: [stdin, 'pipe', 'pipe'] })
  } finally {
    closeSync(stdin)
  }
}

/** A file that holds the text, at its beginning and without a name. @throws BackendFailure when there is no room. */
function openInput(folder: string, text: string): number {
  let handle: number | undefined
  try {
    const path = join(folder, `input-${crypto.randomUUID()}`)
    handle = openSync(path, 'wx+', 0o600)
    rmSync(path)
    const bytes = Buffer.from(text)
    // Writing at a place leaves the handle's own at the beginning.
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, at)
    return handle
  } catch (error) {
    if (handle !== undefined) closeSync(handle)
    const wedged = 'messages cannot be written to the state folder for the program'
    throw new BackendFailure(`${wedged}: ${describeError(error)}.`, { wedged, cause: error })
  }
}

/**
 * The path of a program that must be there.
 *
 * @param install completes "…: ".
 * @throws OptionError
 */
export function findProgram(name: string, environment: Environment, install: string): string {
  const path = Bun.which(name, { PATH: environment.PATH ?? '' })
  if (path !== null) return path
  throw new OptionError(`${quoteValue(name)} is not an executable program on the PATH: ${install}.`)
}

function cannotStart(file: string, error: unknown): BackendFailure {
  const why =
    codeOf(error) === 'ENOENT'
      ? 'there is no such program'
      : codeOf(error) === 'EACCES'
        ? 'it is not executable'
        : describeError(error)
  const sentence = `${plainText(file, 100)} cannot be started: ${why}`
  return new BackendFailure(`${sentence}.`, { wedged: plainText(sentence, 79), cause: error })
}

function withLastWords(what: string, words: string): string {
  const said = plainText(words, words.length)
  return said === '' ? `${what}.` : `${what}. Its last words: ${said}`
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

/** Ends what is left of a process and of everything it started. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of the group is left.
  }
}
