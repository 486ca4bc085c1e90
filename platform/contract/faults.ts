/**
 * Fault injection: what a hosted platform does wrong, or differently, on a bad day. Switched on while a
 * client is watched.
 */
import { z } from 'zod'
import { CONTRACT_VERSIONS, CONTRACTS, type ContractRules, type ContractVersion } from './versions.ts'

const count = z.int().min(0).max(1_000_000)

/** What can be sent in place of an endpoint's own answer. */
const ANSWER_KINDS = [
  'unauthorized',
  'datastore_503',
  'empty_404',
  'empty_403',
  'cursor_gone',
  'html',
  'rate_limited',
  'error_500',
  'half_json',
  'null_rows',
  'huge',
  'cut',
  'slow',
  'hang',
  'redirect',
  'given',
] as const

const faultAnswerSchema = z.strictObject({
  kind: z.enum(ANSWER_KINDS),
  /** Applies to requests whose path contains this text; to all when absent. */
  path: z.string().optional(),
  method: z.string().optional(),
  /** How many requests get it; 0 for all until it is taken back. */
  times: count.default(1),
  /** For `slow`: milliseconds before the endpoint answers. */
  ms: count.default(1000),
  /** For `rate_limited`: the Retry-After, in seconds. */
  seconds: count.default(1),
  /** For `given`: the status and the JSON body; absent for an empty body. */
  status: z.int().min(200).max(599).default(500),
  body: z.json().optional(),
})

const faultStateSchema = z.strictObject({
  contract: z.enum(CONTRACT_VERSIONS),
  /** Cursors compare created_at alone, so rows of the same microsecond are skipped. */
  timestamp_cursor: z.boolean(),
  /** New rows get the created_at of the previous row. */
  equal_created_at: z.boolean(),
  /** New rows are dated this many milliseconds back, as if their transaction had started then. */
  late_commit_ms: count,
  /** How many of the next poll messages are stored with method and params null. */
  null_params_envelopes: count,
  /** How many of the next events reach no stream. */
  sse_drop: count,
  /** Every event reaches streams twice. */
  sse_duplicate: z.boolean(),
  /** A socket without an Origin is refused, as on a platform with an origin allowlist. */
  ws_origin_required: z.boolean(),
  /** Messages for a poll workspace are stored this many milliseconds after their answer. */
  late_write_ms: count,
  /** Register does not echo the delivery mode. */
  register_no_echo: z.boolean(),
  /** An external workspace created without a mode is a push workspace, as on the hosted platform. */
  create_stores_push: z.boolean(),
  /** Heartbeats are answered and not recorded. */
  heartbeat_blackout: z.boolean(),
  upload_404_after_ack: z.boolean(),
  /** Uploaded files keep their names, or lose all but ASCII, as on the hosted platform. */
  upload_names: z.enum(['kept', 'contract']),
  talk_to_user_disabled: z.boolean(),
  /** Requests keep their choices, or lose them, as on the hosted platform. */
  request_choices: z.enum(['kept', 'contract']),
  /** Receipts are kept, or ignored, as on the hosted platform. */
  receipts: z.enum(['kept', 'contract']),
  /** The operator's messages carry no verified identity. */
  unauthenticated_user: z.boolean(),
  /** A same-origin request makes any sender a canvas user. */
  same_origin_canvas: z.boolean(),
  /** `?q=` on the peers fails when a peer has no role. */
  peers_query_crash: z.boolean(),
  /** A delegation to a poll workspace completes at once with the queued answer, or when the peer answers. */
  delegation_completes: z.enum(['contract', 'answer']),
  /** Every call to a poll workspace is stored like a message, as on the hosted platform, and not answered. */
  stores_every_call: z.boolean(),
  /** Delegation results are also inbox rows. */
  delegation_results_in_inbox: z.boolean(),
  answers: z.array(faultAnswerSchema).max(100),
})

export const faultChangeSchema = faultStateSchema.partial()

type FaultState = z.infer<typeof faultStateSchema>
export type FaultChange = z.input<typeof faultChangeSchema>
export type FaultAnswer = z.infer<typeof faultAnswerSchema>

type Counter = 'null_params_envelopes' | 'sse_drop'

export class Faults {
  readonly #initial: FaultState
  #state: FaultState
  #rules: ContractRules

  constructor(contract: ContractVersion) {
    this.#initial = {
      contract,
      timestamp_cursor: false,
      equal_created_at: false,
      late_commit_ms: 0,
      null_params_envelopes: 0,
      sse_drop: 0,
      sse_duplicate: false,
      ws_origin_required: false,
      late_write_ms: 0,
      register_no_echo: false,
      create_stores_push: false,
      heartbeat_blackout: false,
      upload_404_after_ack: false,
      upload_names: 'kept',
      talk_to_user_disabled: false,
      request_choices: 'kept',
      receipts: 'kept',
      unauthenticated_user: false,
      same_origin_canvas: false,
      peers_query_crash: false,
      delegation_completes: 'contract',
      stores_every_call: false,
      delegation_results_in_inbox: false,
      answers: [],
    }
    this.#state = this.#initial
    this.#rules = rulesOf(this.#state)
  }

  state(): FaultState {
    return this.#state
  }

  /** The rules of the contract in force, with the faults applied. */
  rules(): ContractRules {
    return this.#rules
  }

  /** Changes the faults named and leaves the others. Throws a ZodError for an unknown one. */
  change(change: FaultChange): FaultState {
    const named = Object.entries(faultChangeSchema.parse(change)).filter(([, value]) => value !== undefined)
    this.#set(faultStateSchema.parse({ ...this.#state, ...Object.fromEntries(named) }))
    return this.#state
  }

  reset(): FaultState {
    this.#set(this.#initial)
    return this.#state
  }

  /** Uses up one of a counted fault. False when none was left. */
  take(counter: Counter): boolean {
    const left = this.#state[counter]
    if (left === 0) return false
    this.#state = { ...this.#state, [counter]: left - 1 }
    return true
  }

  /** How many times the next event is delivered: 0, 1 or 2. */
  eventCopies(): number {
    if (this.take('sse_drop')) return 0
    return this.#state.sse_duplicate ? 2 : 1
  }

  /** The fault that answers this request, if any. Counts one use of it. */
  answerFor(method: string, path: string): FaultAnswer | undefined {
    const { answers } = this.#state
    if (answers.length === 0) return undefined
    const match = answers.find(
      (answer) => path.includes(answer.path ?? '') && (answer.method ?? method) === method,
    )
    if (match === undefined || match.times === 0) return match
    const left = answers.flatMap((answer) => {
      if (answer !== match) return [answer]
      return answer.times === 1 ? [] : [{ ...answer, times: answer.times - 1 }]
    })
    this.#state = { ...this.#state, answers: left }
    return match
  }

  #set(state: FaultState): void {
    this.#state = state
    this.#rules = rulesOf(state)
  }
}

function rulesOf(state: FaultState): ContractRules {
  const contract = CONTRACTS[state.contract]
  return {
    ...contract,
    cursor: cursorOf(contract, state),
    ackedUploadReadable: contract.ackedUploadReadable && !state.upload_404_after_ack,
    uploadNames: state.upload_names === 'kept' ? 'any' : contract.uploadNames,
    requestChoices: contract.requestChoices && state.request_choices === 'kept',
    receipts: contract.receipts && state.receipts === 'kept',
  }
}

/** A late row lies behind the cursor only where the cursor looks at the time. */
function cursorOf(contract: ContractRules, state: FaultState): ContractRules['cursor'] {
  if (state.timestamp_cursor) return 'time'
  return contract.cursor === 'sequence' && state.late_commit_ms > 0 ? 'time-and-sequence' : contract.cursor
}
