/** What the judge found. */

export const FAULT_KINDS = [
  'lost',
  'unmarked repeat',
  'repeat within a session',
  'repeat after a receipt',
  'endless repeat',
  'out of order',
  'unexpected',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  readonly kind: FaultKind
  /** One sentence that names the message. */
  readonly text: string
}

export interface Verdict {
  readonly faults: readonly Fault[]
  /** Messages that a host read at least once. */
  readonly shown: number
  /** Messages that no host read and that wait in the inbox, since all attempts are used up. */
  readonly kept: number
  /** Events read that carried the mark. */
  readonly marked: number
}
