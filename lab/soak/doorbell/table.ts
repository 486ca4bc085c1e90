/** The outcome of a loop of kills of sessions that are rung, as a Markdown table. Pure. */
import { FAULT_KINDS, type Verdict } from '../../judge/verdict.ts'
import { milliseconds } from '../../statistics.ts'

export interface BellLoopOutcome {
  readonly kills: number
  readonly killsUnrung: number
  readonly written: number
  readonly accepted: number
  readonly bells: number
  /** Connections to the inbox that the client would have refused. */
  readonly refused: number
  /** Results that gave messages. */
  readonly pages: number
  /** How often a model was given a message. */
  readonly shown: number
  /** Undefined when not everything was read. */
  readonly drainedAfterMs: number | undefined
  readonly verdict: Verdict
  /** Other violations, one sentence each. */
  readonly unexpected: readonly string[]
}

/** What may happen to what a model is given; receipts are not followed here. */
const SHOWN_FAULT_KINDS = FAULT_KINDS.filter((kind) => kind !== 'repeat after a receipt')

/** @param leftOver processes; undefined on a system that does not report them. */
export function renderBellLoop(outcome: BellLoopOutcome, leftOver: number | undefined): string {
  const { verdict, unexpected, drainedAfterMs } = outcome
  const rows: readonly (readonly [string, string | number])[] = [
    ['messages written', `${outcome.written}, of which the platform accepted ${outcome.accepted}`],
    [
      'read',
      `${outcome.shown} times in ${outcome.pages} results, ${verdict.marked} of them marked as a repeat`,
    ],
    ['bells', outcome.bells],
    ...SHOWN_FAULT_KINDS.map((kind) => {
      const own = kind === 'unexpected' ? unexpected.length : 0
      return [`**${kind}**`, verdict.faults.filter((fault) => fault.kind === kind).length + own] as const
    }),
    ['**bells that a client would refuse**', outcome.refused],
    ['sessions killed', `${outcome.kills}, ${outcome.killsUnrung} of them before they rang`],
    [
      'everything read after the last kill',
      drainedAfterMs === undefined ? '**not in time**' : milliseconds(drainedAfterMs),
    ],
    ['**processes left over**', leftOver ?? 'not known here'],
  ]
  return ['| What | Count |', '|---|---|', ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join(
    '\n',
  )
}

/** All violations, one sentence each. */
export function bellLoopFaults(outcome: BellLoopOutcome, leftOver: number | undefined): readonly string[] {
  const { verdict, unexpected, refused } = outcome
  return [
    ...verdict.faults.map(({ kind, text }) => `${kind}: ${text}`),
    ...unexpected.map((sentence) => `unexpected: ${sentence}`),
    ...(refused === 0 ? [] : [`${refused} bells would be refused by a client`]),
    ...(leftOver === undefined || leftOver === 0 ? [] : [`${leftOver} processes are left over`]),
  ]
}
