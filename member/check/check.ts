/**
 * What a person can be told about a set-up: checks that hang on each other. One that fails makes those that hang on it
 * unknown, so the first failure is the cause.
 */
import { describeError } from '../../base/errors.ts'

interface Trouble {
  /** What is wrong, as a clause without a period. */
  readonly says: string
  /** What to do about it, as a sentence without a period. */
  readonly remedy: string
  readonly details?: readonly string[]
}

/** What one check came to. Whatever is not in order has one remedy. */
export type Outcome =
  | { readonly verdict: 'ok'; readonly says: string; readonly details?: readonly string[] }
  | ({ readonly verdict: 'warn' } & Trouble)
  | ({ readonly verdict: 'fail' } & Trouble)

export interface Check {
  /** Unlike that of any other check in the list. */
  readonly name: string
  /** Names of checks before it in the list. */
  readonly needs: readonly string[]
  /** Learns the facts and judges them. Changes nothing. */
  readonly probe: () => Promise<Outcome> | Outcome
}

export type Finding = { readonly name: string } & (
  | Outcome
  /** `because`: the check that failed. */
  | { readonly verdict: 'skip'; readonly because: string }
)

export const ok = (says: string, details?: readonly string[]): Outcome => ({
  verdict: 'ok',
  says,
  ...(details === undefined ? {} : { details }),
})
export const warn = (says: string, remedy: string): Outcome => ({ verdict: 'warn', says, remedy })
export const fail = (says: string, remedy: string): Outcome => ({ verdict: 'fail', says, remedy })

/** Each check as soon as all that it needs are over. The findings are in the order of the checks. Never rejects. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  const begun = new Map<string, Promise<Finding>>()
  for (const check of checks) {
    const needed = check.needs.flatMap((name) => begun.get(name) ?? [])
    begun.set(check.name, settle(check, needed))
  }
  return Promise.all(begun.values())
}

async function settle({ name, probe }: Check, needed: readonly Promise<Finding>[]): Promise<Finding> {
  for (const before of await Promise.all(needed)) {
    if (before.verdict === 'fail') return { name, verdict: 'skip', because: before.name }
    if (before.verdict === 'skip') return { name, verdict: 'skip', because: before.because }
  }
  try {
    return { name, ...(await probe()) }
  } catch (error) {
    return { name, ...fail(`the check itself failed: ${describeError(error)}`, 'Report it with this line') }
  }
}

export type Failure = Extract<Finding, { readonly verdict: 'fail' }>

export function isFailure(finding: Finding): finding is Failure {
  return finding.verdict === 'fail'
}
