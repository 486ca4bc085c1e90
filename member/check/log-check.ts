/** The last thing in the log that a user must know. */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import { readTail } from '../folder/regular-file.ts'
import { type Check, type Outcome, ok, warn } from './check.ts'

export interface LoggedTrouble {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly text: string
}

const TAIL_BYTES = 128 * 1024
/** What is older has likely been dealt with. */
const RECENT_MS = 60 * 60_000
const MAX_CHARS = 300
const LINE = /^(\S+) \d+ (?:error|warn) (?:[^:]*: )?(.*)$/

export function logCheck(file: string, clock: Pick<Clock, 'now'>): Check {
  return {
    name: 'log',
    needs: [],
    probe: () => {
      try {
        return judgeLog(lastTrouble(readTail(file, TAIL_BYTES)), file, clock.now())
      } catch (error) {
        return warn(`${file} cannot be read: ${describeError(error)}`, 'Remove it: it is written anew')
      }
    },
  }
}

/** Pure. */
export function judgeLog(trouble: LoggedTrouble | undefined, file: string, now: number): Outcome {
  if (trouble === undefined) return ok(`no warning in ${file}`)
  const when = new Date(trouble.at).toISOString()
  const says = `last warning at ${when}: ${plainText(trouble.text, MAX_CHARS)}`
  return now - trouble.at > RECENT_MS ? ok(says) : warn(says, `Read ${file} if the checks above are in order`)
}

/** Pure. */
export function lastTrouble(tail: string): LoggedTrouble | undefined {
  for (const line of tail.split('\n').reverse()) {
    const [, time = '', text = ''] = LINE.exec(line) ?? []
    const at = Date.parse(time)
    if (!Number.isNaN(at)) return { at, text }
  }
  return undefined
}
