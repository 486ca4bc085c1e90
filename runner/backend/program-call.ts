/** Runs a program for one message, with what every backend that is a program gives it. */
import type { Clock } from '../../base/clock.ts'
import type { Environment } from '../../member/settings/config.ts'
import type { Request } from './backend.ts'
import { aboutMessage } from './child-environment.ts'
import { type ProgramOptions, runProgram } from './program.ts'

export interface ProgramSurroundings {
  /** Without secrets. */
  readonly environment: Environment
  /** For what must be known again after a restart. */
  readonly stateFolder: string
  readonly log: (line: string) => void
  /** For what may repeat a message. */
  readonly debug: (line: string) => void
  readonly warn: (sentence: string) => void
  readonly clock: Clock
}

/** What the user has chosen for each message. */
interface CallOptions {
  /** In milliseconds. */
  readonly timeout: number
  /** Whether the environment says what is known about the message. */
  readonly pass_meta: boolean
}

interface ProgramCall extends Pick<ProgramOptions, 'argv' | 'input' | 'log' | 'repeatsInput' | 'signal'> {
  readonly request: Request
  /** Default: one mebibyte. */
  readonly maxOutputBytes?: number
}

const MAX_OUTPUT_BYTES = 1024 * 1024

/** Returns and throws as {@link runProgram}. */
export function callProgram(
  { environment, stateFolder, clock }: ProgramSurroundings,
  { timeout, pass_meta }: CallOptions,
  { request, maxOutputBytes = MAX_OUTPUT_BYTES, ...call }: ProgramCall,
): Promise<string> {
  return runProgram({
    ...call,
    environment: pass_meta ? { ...environment, ...aboutMessage(request) } : environment,
    folder: stateFolder,
    timeoutMs: timeout,
    maxOutputBytes,
    clock,
  })
}
