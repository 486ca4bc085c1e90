/**
 * Does this session listen to the channel? The host sends nothing that would tell; what can be known is how it was
 * started. A session that does not listen must never consume messages: it would drop each one.
 */
import { readFileSync } from 'node:fs'
import { plainText } from '../../../base/plain-text.ts'

export interface HearingEvidence {
  readonly mode: 'auto' | 'on' | 'off'
  /** Name the host gave in `initialize`. */
  readonly clientName: string | undefined
  /** Command lines of the parent and its parents, nearest first; empty when none can be read. */
  readonly ancestors: readonly (readonly string[])[]
}

export interface Hearing {
  readonly mayHold: boolean
  /** The command line, or the person, says so; else nothing speaks against it. */
  readonly certain: boolean
  /** Why, in words fit for a person. */
  readonly because: string
  /** What to do to have a session that hears, if this one does not. */
  readonly remedy?: string
}

const DEVELOPMENT_FLAG = '--dangerously-load-development-channels'
const CHANNEL_FLAGS = new Set(['--channels', DEVELOPMENT_FLAG])
/** In a run that answers one prompt and ends, the host ignores the development flag without a word. */
const PRINT_FLAGS = new Set(['-p', '--print'])
/** How the channel is named on the host's command line: as a plugin of any marketplace, or as a plain server. */
const OUR_ENTRY = /^(?:plugin:molecule(?:@.+)?|server:molecule)$/
export const START_WITH_CHANNEL = `start one with: claude ${DEVELOPMENT_FLAG} plugin:molecule@molecule-channel`

/** Decides whether this session may hold the lock. Pure. */
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

/** A host can call itself anything, at any length. */
function nameOf(clientName: string | undefined): string {
  return plainText(clientName ?? '', 80) || 'unnamed'
}

/** What lies above the nearest host is another session, with flags of its own: this one may run inside its shell. */
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

const MAX_ANCESTORS = 6

/**
 * Reads the command lines of the parent processes: from `/proc`, else from `ps`.
 *
 * @param pid where to begin, by default the parent of this process.
 */
export function readAncestors(pid: number = process.ppid): readonly (readonly string[])[] {
  const found: (readonly string[])[] = []
  let next: number | undefined = pid
  while (next !== undefined && next > 1 && found.length < MAX_ANCESTORS) {
    const row: ProcessRow | undefined = readFromProc(next) ?? readFromPs(next)
    if (row === undefined) break
    if (row.command.length > 0) found.push(row.command)
    next = row.parent
  }
  return found
}

interface ProcessRow {
  readonly command: readonly string[]
  readonly parent: number | undefined
}

function readFromProc(pid: number): ProcessRow | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '')
    const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { command, parent: parent === undefined ? undefined : Number(parent) }
  } catch {
    // No /proc here, or the process is gone: ps is asked, and if that fails too there is no evidence.
    return undefined
  }
}

function readFromPs(pid: number): ProcessRow | undefined {
  if (process.platform === 'win32') return undefined
  try {
    const { stdout, success } = Bun.spawnSync(['ps', '-o', 'ppid=,args=', '-p', String(pid)], {
      timeout: 2_000,
    })
    const [, parent, command] = /^\s*(\d+)\s+(.*)$/s.exec(stdout.toString().trim()) ?? []
    if (!success || parent === undefined || command === undefined) return undefined
    return { command: command.split(/\s+/), parent: Number(parent) }
  } catch {
    // No ps either.
    return undefined
  }
}
