/** The outcome of a loop of kills as a Markdown table. Pure. */
import { ANSWER_FAULT_KINDS, type AnswerFault } from '../../judge/answers.ts'
import type { FaultKind, Verdict } from '../../judge/verdict.ts'
import { milliseconds } from '../../statistics.ts'
import type { Deeds } from '../run-record.ts'

export interface KillLoopOutcome {
  readonly kills: number
  readonly killsDuringStart: number
  readonly deeds: Pick<Deeds, 'platformKills' | 'platformStops'>
  readonly written: number
  readonly accepted: number
  /** How many messages the peer received. */
  readonly answers: number
  /** How often the backend was given a message. */
  readonly given: number
  /** Undefined when not everything was answered. */
  readonly drainedAfterMs: number | undefined
  /** Of what the backend was given. */
  readonly verdict: Verdict
  readonly answerFaults: readonly AnswerFault[]
  /** Other violations, one sentence each. */
  readonly unexpected: readonly string[]
}

/** What may happen to what a backend is given; a runner has no receipts. */
const GIVEN_FAULT_KINDS: readonly FaultKind[] = [
  'lost',
  'unmarked repeat',
  'repeat within a session',
  'endless repeat',
  'out of order',
  'unexpected',
]

/** @param leftOver processes; undefined on a system that does not report them. */
export function renderKillLoop(outcome: KillLoopOutcome, leftOver: number | undefined): string {
  const { verdict, answerFaults, unexpected, deeds, drainedAfterMs } = outcome
  const rows: readonly (readonly [string, string | number])[] = [
    [
      'messages that the peer wrote',
      `${outcome.written}, of which the platform accepted ${outcome.accepted}`,
    ],
    ['answers that the peer received', outcome.answers],
    ...ANSWER_FAULT_KINDS.map(
      (kind) => [`**${kind}**`, answerFaults.filter((fault) => fault.kind === kind).length] as const,
    ),
    ['given to the backend', `${outcome.given} times, ${verdict.marked} of them marked as a repeat`],
    ...GIVEN_FAULT_KINDS.map((kind) => {
      const own = kind === 'unexpected' ? unexpected.length : 0
      const count = verdict.faults.filter((fault) => fault.kind === kind).length
      return [`**to the backend: ${kind}**`, count + own] as const
    }),
    ['runners killed', `${outcome.kills}, ${outcome.killsDuringStart} of them before they received`],
    ['platform killed and restarted', deeds.platformKills],
    ['platform stopped and restarted', deeds.platformStops],
    [
      'everything answered after the last kill',
      drainedAfterMs === undefined ? '**not in time**' : milliseconds(drainedAfterMs),
    ],
    ['**processes left over**', leftOver ?? 'not known here'],
  ]
  return ['| What | Count |', '|---|---|', ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join(
    '\n',
  )
}

/** All violations, one sentence each. */
export function killLoopFaults(outcome: KillLoopOutcome, leftOver: number | undefined): readonly string[] {
  const { verdict, answerFaults, unexpected } = outcome
  return [
    ...answerFaults.map(({ kind, text }) => `${kind}: ${text}`),
    ...verdict.faults.map(({ kind, text }) => `to the backend: ${kind}: ${text}`),
    ...unexpected.map((sentence) => `unexpected: ${sentence}`),
    ...(leftOver === undefined || leftOver === 0 ? [] : [`${leftOver} processes are left over`]),
  ]
}
