/**
 * Does the host listen to the channel? It never says so; only its name, its command line and its environment show it. A
 * session that does not listen must never consume messages, since it would drop every one. Pure.
 */
import { plainText } from '../../../base/plain-text.ts'
import { closedBy } from './closed-channels.ts'

export interface HearingEvidence {
  readonly mode: 'auto' | 'on' | 'off'
  /** The name the host gave in `initialize`. */
  readonly clientName: string | undefined
  /** The command lines of the parent and its parents, nearest first; empty when none can be read. */
  readonly ancestors: readonly (readonly string[])[]
  /** The variables that the host passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Hearing {
  readonly mayHold: boolean
  /** The user, the host's name or its command line says so, and nothing can change it. Otherwise the prompt hook can. */
  readonly certain: boolean
  /** Nothing shows whether the host listens, so it is probed: see `probe.ts`. */
  readonly isProbed?: boolean
  /** Why, as the end of a sentence for a person. */
  readonly because: string
  /** How to get a session that listens, if this one does not. */
  readonly remedy?: string
  /** The same, should a host turn out not to listen although it was asked to. */
  readonly refusal?: string
}

const DEVELOPMENT_FLAG = '--dangerously-load-development-channels'
const CHANNEL_FLAGS = new Set(['--channels', DEVELOPMENT_FLAG])
/** In a run that answers one prompt and exits, the host silently ignores the development flag. */
const PRINT_FLAGS = new Set(['-p', '--print'])
/** Our channel on the host's command line: as a plugin of any marketplace, or as a plain server. */
const OUR_ENTRY = /^(?:plugin:molecule(?:@.+)?|server:molecule)$/
export const START_WITH_CHANNEL = `start a session with: claude ${DEVELOPMENT_FLAG} plugin:molecule@molecule-channel`
const REFUSAL =
  'start Claude Code with --debug as well, and its debug log says why it refuses the channel (lines with "Channel notifications")'
const CALL_INBOX = 'call inbox (its wait_seconds waits for new messages)'

/** Decides whether this session may hold a lock. Pure. */
export function judgeHearing(evidence: HearingEvidence): Hearing {
  const { mode, clientName, environment } = evidence
  if (mode === 'on') return { ...hears('MOLECULE_CHANNEL is on'), certain: true }
  if (mode === 'off') {
    return deaf('MOLECULE_CHANNEL is off', `set MOLECULE_CHANNEL to auto, and ${START_WITH_CHANNEL}`)
  }
  if (clientName !== 'claude-code') {
    return deaf(
      `the host is ${nameOf(clientName)}, and only Claude Code shows channel messages`,
      `${CALL_INBOX}; or start a Claude Code session with: claude ${DEVELOPMENT_FLAG} plugin:molecule@molecule-channel`,
    )
  }
  const commands = hostAndWrappers(evidence.ancestors)
  if (isAgentSdk(commands, environment)) {
    return probed(
      'the host is a program that uses the Agent SDK, and nothing shows yet that it has called enableChannel',
      `have it call enableChannel; or ${CALL_INBOX}; or set MOLECULE_CHANNEL=on in its environment to receive from the start`,
    )
  }
  if (commands.length > 0 && !commands.some(namesOurChannel)) {
    return deaf('this session was started without the channel', START_WITH_CHANNEL)
  }
  const closing = closedBy(environment)
  if (closing !== undefined) {
    return probed(
      `Claude Code opens no channel while ${closing} is set`,
      `unset ${closing}, also in the env of Claude Code's settings, and start Claude Code again; or ${CALL_INBOX}`,
    )
  }
  return commands.length === 0
    ? hears("the host's command line cannot be read")
    : { ...hears('the host was started with this channel'), refusal: REFUSAL }
}

/** As far as is known. */
function hears(because: string): Hearing {
  return { mayHold: true, certain: false, because }
}

function deaf(because: string, remedy: string): Hearing {
  return { mayHold: false, certain: true, because, remedy }
}

function probed(because: string, remedy: string): Hearing {
  return { mayHold: false, certain: false, isProbed: true, because, remedy }
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
  return command
    .slice(0, 3)
    .some((word) => /(?:^|[/\\])claude(?:\.exe)?$|[/\\]claude-(?:code|agent-sdk)[/\\]/.test(word))
}

/**
 * Whether a program drives the client through the Agent SDK. There, the development flag is ignored, `--channels` takes
 * effect only with the first prompt, and the program can switch a channel on at any time: no command line shows it. The
 * environment counts only without a command line, since a client in the shell of such a session inherits it.
 */
function isAgentSdk(
  commands: HearingEvidence['ancestors'],
  { CLAUDE_CODE_ENTRYPOINT: entry = '', CLAUDE_AGENT_SDK_VERSION: version }: HearingEvidence['environment'],
): boolean {
  if (commands.length === 0) return /^sdk-(?!cli$)/.test(entry) || version !== undefined
  return commands.some((command) =>
    command.some(
      (word, at) =>
        word === '--input-format=stream-json' ||
        (word === '--input-format' && command[at + 1] === 'stream-json'),
    ),
  )
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
