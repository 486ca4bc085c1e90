/**
 * Runs one program for one message: its text goes to standard input, its standard output is the answer. The program
 * runs in a process group of its own, which ends with it: whatever it started and left behind is killed.
 */
import { spawn } from 'node:child_process'
import type { Clock } from '../../base/clock.ts'
import { codeOf, describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import type { Environment } from '../../member/settings/config.ts'
import { quoteValue } from '../../member/settings/setting-text.ts'
import { BackendFailure, OptionError } from './backend.ts'

export interface ProgramOptions {
  /** The program and its arguments. Nothing a sender wrote may be among them. */
  readonly argv: readonly [string, ...string[]]
  readonly environment: Environment
  readonly input: string
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
  /** Gets each line of standard error. */
  readonly log: (line: string) => void
  readonly clock: Pick<Clock, 'after'>
}

/** How much of the end of standard error a failure quotes. */
const QUOTED_BYTES = 1_024
/** How long a program that has ended may leave its output open, as one does that left something running. */
const DRAIN_MS = 200
const MAX_LOGGED_CHARS = 2_000

/**
 * @returns what it wrote to standard output.
 * @throws BackendFailure when it cannot be started, fails, takes too long or says too much; or the abort reason.
 */
export function runProgram(options: ProgramOptions): Promise<string> {
  const { argv, environment, input, timeoutMs, maxOutputBytes, signal, log, clock } = options
  signal.throwIfAborted()
  const [file, ...rest] = argv
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(file, rest, {
    detached: true,
    env: { ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  let [bytes, isOver] = [0, false]
  let tail = ''

  const end = (failure?: unknown): void => {
    if (isOver) return
    isOver = true
    cancelTimeout()
    signal.removeEventListener('abort', onAbort)
    killGroup(child.pid)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    if (failure === undefined) resolve(Buffer.concat(output).toString('utf8'))
    else reject(failure)
  }
  const fail = (what: string): void => {
    const said = plainText(tail.slice(-QUOTED_BYTES), QUOTED_BYTES)
    end(new BackendFailure(said === '' ? `${what}.` : `${what}. Its last words: ${said}`))
  }
  const onAbort = (): void => end(signal.reason)
  const cancelTimeout = clock.after(timeoutMs, () => fail(`It did not end within ${timeoutMs / 1000} s`))
  signal.addEventListener('abort', onAbort, { once: true })

  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxOutputBytes) fail(`It wrote more than ${maxOutputBytes} bytes`)
    else output.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8')
    tail = (tail + text).slice(-QUOTED_BYTES)
    for (const line of text.split('\n')) if (line.trim() !== '') log(plainText(line, MAX_LOGGED_CHARS))
  })
  // A program need not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  child.on('error', (error) => end(cannotStart(file, error)))
  child.on('exit', (code, killedBy) => {
    const done = (): void => {
      if (code === 0) end()
      else
        fail(code === null ? `It was ended by ${killedBy ?? 'a signal'}` : `It ended with exit code ${code}`)
    }
    const cancel = clock.after(DRAIN_MS, done)
    child.on('close', () => {
      cancel()
      done()
    })
  })
  return promise
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

/** Ends what is left of a process and of everything it started. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of the group is left.
  }
}
