/** The outcome of a run as a Markdown table. Pure. */
import { FAULT_KINDS, type FaultKind, type Verdict } from '../judge/verdict.ts'
import { milliseconds, quantile } from '../statistics.ts'
import type { RunRecord } from './run-record.ts'

export interface Figures {
  readonly sessionAtStart: string
  readonly sessionAtEnd: string
  readonly platformAtStart: string
  readonly platformAtEnd: string
  /** Undefined on a system that does not report it. */
  readonly leftOver: number | undefined
}

/** The verdict, and what the platform answered to the senders. */
export interface Judgement {
  readonly verdict: Verdict
  readonly accepted: number
  /** Messages that the platform stored although its response was lost. They must be shown like any other. */
  readonly storedUnanswered: number
}

export function renderOutcome(record: RunRecord, judgement: Judgement, figures: Figures): string {
  const { deeds } = record
  const { verdict, accepted, storedUnanswered } = judgement
  const count = (kind: FaultKind): number => verdict.faults.filter((fault) => fault.kind === kind).length
  const faultRows = FAULT_KINDS.map((kind) => {
    const own = kind === 'unexpected' ? record.unexpected.length : 0
    return [`**${kind}**`, count(kind) + own] as const
  })
  const rows: readonly (readonly [string, string | number])[] = [
    ['messages accepted by the platform', accepted],
    ['stored although the answer got lost', storedUnanswered],
    ['shown at least once', verdict.shown],
    ['kept in the inbox after three hosts did not read them', verdict.kept],
    ['shown with the mark', verdict.marked],
    ...faultRows,
    ['latency in calm moments', latencies(record)],
    ['everything shown after the trouble ended', drained(record)],
    ['sessions started', deeds.sessions],
    ['sessions killed', `${deeds.kills}, with ${deeds.unreadEvents} events that their hosts never read`],
    ['sessions ended in order', `${deeds.inputEnds} by end of input, ${deeds.interrupts} by SIGINT`],
    [
      'hosts that stopped reading',
      `${deeds.stalls}, the longest for ${Math.round(deeds.longestStallMs / 1000)} s`,
    ],
    ['platform killed and restarted', deeds.platformKills],
    ['platform stopped and restarted', deeds.platformStops],
    ['faults switched on', `${deeds.faults}; all streams closed ${deeds.closedStreams} times`],
    ['a session that lived through the run', `${figures.sessionAtStart}; at the end ${figures.sessionAtEnd}`],
    ['platform', `${figures.platformAtStart}; at the end ${figures.platformAtEnd}`],
    ['**processes left over**', figures.leftOver ?? 'not known here'],
  ]
  return ['| What | Count |', '|---|---|', ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join(
    '\n',
  )
}

function drained({ drainedAfterMs }: RunRecord): string {
  return drainedAfterMs === undefined ? '**not in time**' : milliseconds(drainedAfterMs)
}

/** From before the request to the event in the reader. */
function latencies({ probes, shownAt, calmMoments }: RunRecord): string {
  const samples = [...probes].flatMap(([key, at]) => {
    const shown = shownAt.get(key)
    return shown === undefined ? [] : [shown - at]
  })
  if (samples.length === 0) return 'no calm moment to measure in'
  const quantiles = ([0.5, 0.95, 0.99] as const).map(
    (share) => `p${share * 100} ${milliseconds(quantile(samples, share))}`,
  )
  const longest = milliseconds(quantile(samples, 1))
  return `${quantiles.join(', ')}, max ${longest} (${samples.length} messages in ${calmMoments} moments)`
}

/** All violations, one sentence each. */
export function faultsOf(
  record: RunRecord,
  { verdict }: Judgement,
  leftOver: number | undefined,
): readonly string[] {
  return [
    ...verdict.faults.map(({ kind, text }) => `${kind}: ${text}`),
    ...record.unexpected.map((sentence) => `unexpected: ${sentence}`),
    ...(leftOver === undefined || leftOver === 0 ? [] : [`${leftOver} processes are left over`]),
  ]
}
