/**
 * Does the host listen to the channel? It never says so; only its command line shows it. A session that does not listen
 * must never consume messages, since it would drop every one. Pure.
 */
import { plainText } from '../../../base/plain-text.ts'

export interface HearingEvidence {
  readonly mode: 'auto' | 'on' | 'off'
  /** The name the host gave in `initialize`. */
  readonly clientName: string | undefined
  /** The command lines of the parent and its parents, nearest first; empty when none can be read. */
  readonly ancestors: readonly (readonly string[])[]
}

export interface Hearing {
  readonly mayHold: boolean
  /** The command line or the user says so. Otherwise it is a guess. */
  readonly certain: boolean
  /** Why, as the end of a sentence for a person. */
  readonly because: string
  /** How to get a session that listens, if this one does not. */
  readonly remedy?: string
}

const DEVELOPMENT_FLAG = '--dangerously-load-development-channels'
const CHANNEL_FLAGS = new Set(['--channels', DEVELOPMENT_FLAG])
/** In a run that answers one prompt and exits, the host silently ignores the development flag. */
const PRINT_FLAGS = new Set(['-p', '--print'])
/** Our channel on the host's command line: as a plugin of any marketplace, or as a plain server. */
const OUR_ENTRY = /^(?:plugin:molecule(?:@.+)?|server:molecule)$/
export const START_WITH_CHANNEL = `start one with: claude ${DEVELOPMENT_FLAG} plugin:molecule@molecule-channel`

/** Decides whether this session may hold a lock. Pure. */
export function judgeHearing({ mode, clientName, ancestors }: HearingEvidence): Hearing {
  if (mode === 'on') return hears(true, 'MOLECULE_CHANNEL is on')
  if (mode === 'off') {
    return deaf('MOLECULE_CHANNEL is off', `set MOLECULE_CHANNEL to auto, and ${START_WITH_CHANNEL}`)
  }
  if (clientName !== 'claude-code') {
    return hears(false, `the host is ${nameOf(clientName)}, which has no channel switch`)
  }
  if (ancestors.length === 0) return hears(false, "the host's command line cannot be read")
  return hostAndWrappers(ancestors).some(namesOurChannel)
    ? hears(true, 'the host was started with this channel')
    : deaf('this session was started without the channel', START_WITH_CHANNEL)
}

function hears(certain: boolean, because: string): Hearing {
  return { mayHold: true, certain, because }
}

export function deaf(because: string, remedy: string): Hearing {
  return { mayHold: false, certain: true, because, remedy }
}

/** A host can choose any name, of any length. */
function nameOf(clientName: string | undefined): string {
  return plainText(clientName ?? '', 80) || 'unnamed'
}

/**
 * Drops the ancestors of the nearest host: one may be another session, in whose shell this one runs, with its own
 * flags.
 */
function hostAndWrappers(ancestors: HearingEvidence['ancestors']): HearingEvidence['ancestors'] {
  const host = ancestors.findIndex(isHost)
  return host === -1 ? ancestors : ancestors.slice(0, host + 1)
}

/** `claude …`, or a runtime that runs it from its package. */
function isHost(command: readonly string[]): boolean {
  return command.slice(0, 3).some((word) => /(?:^|[/\\])claude(?:\.exe)?$|[/\\]claude-code[/\\]/.test(word))
}

function namesOurChannel(command: readonly string[]): boolean {
  const prints = command.some((word) => PRINT_FLAGS.has(word))
  let afterFlag = false
  for (const word of command) {
    const [flag = '', inline] = word.split('=', 2)
    if (CHANNEL_FLAGS.has(flag) && !(prints && flag === DEVELOPMENT_FLAG)) {
      if (inline?.split(',').some((entry) => OUR_ENTRY.test(entry))) return true
      afterFlag = inline === undefined
    } else if (word.startsWith('-')) {
      afterFlag = false
    } else if (afterFlag && word.split(',').some((entry) => OUR_ENTRY.test(entry))) {
      return true
    }
  }
  return false
}
