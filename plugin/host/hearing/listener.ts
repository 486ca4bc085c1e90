/**
 * How do messages reach the model of this session? Over the channel, if the host listens to it: it never says so; only its
 * name, its command line and its environment show it. Or by the doorbell, if its person said so: the host is rung, and the
 * model reads. A session that does neither must never consume messages, since it would drop every one. Pure.
 */
import { plainText } from '../../../base/plain-text.ts'
import type { ChannelMode } from '../../../member/settings/setting-table.ts'
import { closedBy } from './closed-channels.ts'
import { hostAndWrappers, isAgentSdk, isPrintRun, namesOurChannel } from './host-command.ts'
import { START_WORDS } from './start-command.ts'

export interface HearingEvidence {
  readonly mode: ChannelMode
  /** The name the host gave in `initialize`. */
  readonly clientName: string | undefined
  /** The command lines of the parent and its parents, nearest first; empty when none can be read. */
  readonly ancestors: readonly (readonly string[])[]
  /** The variables that the host passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The host was asked for the channel, and turned out not to listen. */
  readonly isRefuted?: boolean
  /** What speaks for and against the doorbell. Default: nobody asked for it. */
  readonly doorbell?: DoorbellEvidence | undefined
}

export interface DoorbellEvidence {
  /** The person asked for it, in this session or in the settings. */
  readonly isAsked: boolean
  /** The version the host gave in `initialize`. */
  readonly clientVersion: string | undefined
  /** Why the inbox of the host cannot be used; undefined when it can. */
  readonly refusal: string | undefined
}

export interface Hearing {
  /** Default: over the channel. */
  readonly route?: 'doorbell'
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

export const START_WITH_CHANNEL = `start a session with: ${START_WORDS.join(' ')}`
const REFUSAL =
  'start Claude Code with --debug as well, and its debug log says why it refuses the channel (lines with "Channel notifications")'
const CALL_INBOX = 'call inbox (its wait_seconds waits for new messages)'

/** From then on, the client reads no file that a prompt names. */
export const FIRST_VERSION = '2.1.251'
/** A host can name any; a comparison throws at what is none. */
const VERSION = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?![\d.])/
const RECEIVE = 'type /molecule:receive'

/** Decides whether this session may hold a lock, and how its messages reach the model. Pure. */
export function judgeHearing(evidence: HearingEvidence): Hearing {
  const hearing = judgeChannel(evidence)
  const { doorbell, mode } = evidence
  if (mode === 'on' || mode === 'off' || doorbell === undefined) return hearing
  if (hearing.mayHold && evidence.isRefuted !== true) return hearing
  const refusal = refusalOf(evidence, doorbell)
  if (!doorbell.isAsked) {
    return refusal === undefined && !hearing.mayHold
      ? { ...hearing, remedy: `${RECEIVE}; or ${hearing.remedy}` }
      : hearing
  }
  if (refusal === undefined) {
    const because = 'Claude Code is told when messages wait, and reads them with read_messages'
    return { route: 'doorbell', mayHold: true, certain: true, because }
  }
  return { ...hearing, because: `${hearing.because}, and Claude Code cannot be told of messages: ${refusal}` }
}

/** Why the host cannot be rung, as the end of a sentence; undefined when it can. */
function refusalOf(
  { clientName, ancestors, environment }: HearingEvidence,
  { clientVersion, refusal }: DoorbellEvidence,
): string | undefined {
  if (clientName !== 'claude-code') return 'only Claude Code can be'
  const commands = hostAndWrappers(ancestors)
  if (isAgentSdk(commands, environment)) return 'its turns belong to the program that uses the Agent SDK'
  if (commands.some(isPrintRun)) return 'it answers one prompt and exits'
  const version = VERSION.exec(clientVersion ?? '')?.[0]
  if (version === undefined || Bun.semver.order(version, FIRST_VERSION) < 0) {
    return `that needs Claude Code ${FIRST_VERSION} or newer`
  }
  return refusal
}

function judgeChannel(evidence: HearingEvidence): Hearing {
  const { mode, clientName, environment } = evidence
  if (mode === 'on') return { ...hears('MOLECULE_CHANNEL is on'), certain: true }
  if (mode === 'off') {
    return deaf('MOLECULE_CHANNEL is off', `set MOLECULE_CHANNEL to auto, and ${START_WITH_CHANNEL}`)
  }
  if (clientName !== 'claude-code') {
    return deaf(
      `the host is ${nameOf(clientName)}, and only Claude Code shows channel messages`,
      `${CALL_INBOX}; or start a Claude Code session with: ${START_WORDS.join(' ')}`,
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
