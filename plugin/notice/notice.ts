/** What the person must know when a session starts, if it will not show messages. Pure. */
import { plainText } from '../../base/plain-text.ts'
import type { ConfigResult } from '../../member/settings/config.ts'
import type { Hearing } from '../host/hearing/listener.ts'

export interface StartFacts {
  readonly config: ConfigResult
  readonly hearing: Hearing
  /** Other sessions receive for all workspaces. */
  readonly isServed: boolean
  /** Messages that the ledger has and that no session receives. */
  readonly waiting: number
}

const MAX_CHARS = 500

/** @returns undefined when there is nothing to say: the session receives, or its user wants none. */
export function startNotice({ config, hearing, isServed, waiting }: StartFacts): string | undefined {
  const mode = config.ok ? config.config.channelMode : config.channelMode
  if (mode === 'off') return undefined
  if (!config.ok) {
    const [problem = ''] = config.problems
    const sentence = config.isMissing ? 'no workspace is configured: run /molecule:configure.' : problem
    return `Molecule channel: ${plainText(sentence, MAX_CHARS)}`
  }
  if (hearing.mayHold || isServed) return undefined
  const { because, remedy } = hearing
  const count =
    waiting === 0
      ? ''
      : ` ${waiting === 1 ? '1 message waits' : `${waiting} messages wait`}: inbox shows them.`
  return `Molecule channel: this session does not receive messages: ${because}.${count}${remedy === undefined ? '' : ` To receive them here, ${remedy}.`}`
}
