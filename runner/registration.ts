/** Registers a workspace before anything else is done for it, within a bound. */
import type { Clock } from '../base/clock.ts'
import { describeError } from '../base/errors.ts'
import { sleep } from '../base/sleep.ts'
import type { PlatformClient } from '../member/client/client.ts'
import { PlatformError } from '../member/client/errors.ts'
import { type AgentCard, type Registration, register } from '../member/client/registry.ts'
import { lookUpWorkspace, type WorkspaceLookup } from '../member/client/workspace.ts'
import { Ending, EXIT } from './exit-code.ts'

export interface RegistrationOptions {
  readonly client: PlatformClient
  readonly card: AgentCard
  /** Try until it is possible. */
  readonly forever: boolean
  readonly warn: (sentence: string) => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

const MAX_ATTEMPTS = 5
const FIRST_PAUSE_MS = 1_000
/** The longest pause between two attempts, and the longest a platform may ask for. */
const MAX_PAUSE_MS = 30_000
/** Spreads the attempts of programs that lost the platform together. */
const JITTER = 0.1

/**
 * @returns undefined when the signal aborted.
 * @throws Ending when the platform refuses, or cannot be reached within the bound.
 */
export async function registerWithin(options: RegistrationOptions): Promise<Registration | undefined> {
  const { client, card, forever, warn, clock, signal } = options
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const found = await lookUp(client, signal)
      // Registering an unknown id would create a ghost workspace, and would seem to revive a removed one.
      if (found !== undefined && found.state !== 'present') throw new Ending(EXIT.refused, found.message)
      if (found?.info.status === 'paused') {
        warn('is paused on the platform, so messages may not arrive: resume it there')
      }
      return await register(client, card, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof PlatformError)) throw error
      if (error.kind !== 'retry') throw new Ending(EXIT.refused, refusal(client, error))
      if (attempt >= MAX_ATTEMPTS && !forever) {
        throw new Ending(EXIT.failed, `gave up after ${attempt} attempts: ${describeError(error)}`)
      }
      warn(`cannot register (attempt ${attempt}): ${describeError(error)}`)
      await sleep(pauseMs(attempt, error.retryAfterMs, clock.random), signal, clock)
    }
  }
  return undefined
}

/** 1, 2, 4, 8, 16 and then 30 s, a little more or less; or as long as the platform asks for. */
export function pauseMs(attempt: number, askedMs: number | undefined, random: () => number): number {
  if (askedMs !== undefined && askedMs > 0) return Math.min(askedMs, MAX_PAUSE_MS)
  const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10))
  return Math.round(pause * (1 + JITTER * (2 * random() - 1)))
}

/** Undefined when the platform does not say. */
async function lookUp(client: PlatformClient, signal: AbortSignal): Promise<WorkspaceLookup | undefined> {
  try {
    return await lookUpWorkspace(client, signal)
  } catch (error) {
    // Some platforms do not show a workspace to everyone; then registering must tell.
    if (error instanceof PlatformError && error.kind !== 'retry') return undefined
    throw error
  }
}

function refusal({ endpoint }: PlatformClient, error: PlatformError): string {
  const { workspaceId, platformUrl } = endpoint
  const what =
    error.kind === 'gone'
      ? 'does not accept its token: create a new one there'
      : `refuses it: ${describeError(error)}`
  return `${platformUrl} ${what} (workspace ${workspaceId}).`
}
