/**
 * Answers with Claude Code in print mode: one session for each sender, which goes on with the next message. It may do
 * what the user's own settings allow it to do, and nothing more.
 */
import { z } from 'zod'
import { plainWords } from '../../base/plain-text.ts'
import { type Backend, BackendFailure, type Request } from './backend.ts'
import { duration, filled, flag, type GivenOptions, readOptions, words } from './options.ts'
import { PeerSessions } from './peer-sessions.ts'
import { ExitFailure, findProgram } from './program.ts'
import { callProgram, type ProgramSurroundings } from './program-call.ts'
import { GUIDANCE, promptOf } from './prompt.ts'

const number = z.coerce.number('must be a number').positive('must be more than zero')
const OPTIONS = {
  bin: filled.default('claude'),
  args: words,
  timeout: duration.default(300_000),
  pass_meta: flag.default(true),
  resume: flag.default(true),
  model: filled.optional(),
  max_turns: number.pipe(z.int('must be a whole number')).optional(),
  max_budget_usd: number.optional(),
}

/** The line that `--output-format json` prints, also before an exit code that says it failed. */
const resultSchema = z.object({
  result: z.string().default(''),
  is_error: z.boolean().default(false),
  subtype: z.string().default('success'),
  errors: z.array(z.string()).default([]),
  terminal_reason: z.string().optional(),
  /** Null when there was no answer, or no request. */
  api_error_status: z.number().nullish(),
  session_id: z.string().optional(),
})
type Result = z.infer<typeof resultSchema>

/** The limits that the user set. */
const LIMITS: readonly string[] = ['error_max_turns', 'error_max_budget_usd']
/** The only refusals of the model's API that are about what it was asked: the request is wrong, or too large. */
const ABOUT_THE_REQUEST: readonly number[] = [400, 413]

const MAX_SAID = 300
const MAX_WEDGED = 79

const INSTALL =
  'install it (npm install -g @anthropic-ai/claude-code), or give its path with --backend-opt bin=PATH'

/** @throws OptionError */
export function claudeCodeBackend(given: GivenOptions, surroundings: ProgramSurroundings): Backend {
  const options = readOptions('claude-code', given, OPTIONS, surroundings.warn)
  const { environment, stateFolder, log } = surroundings
  const bin = findProgram(options.bin, environment, INSTALL)
  const sessions = new PeerSessions(stateFolder, 'claude-code', surroundings.warn)

  /** @throws ExitFailure when the client ended without a result, or another BackendFailure. */
  const run = async (request: Request, session: string | undefined, signal: AbortSignal): Promise<Result> => {
    const argv = [
      '-p',
      '--output-format',
      'json',
      '--append-system-prompt',
      GUIDANCE,
      ...(session === undefined ? [] : ['--resume', session]),
      ...(options.model === undefined ? [] : ['--model', options.model]),
      ...(options.max_turns === undefined ? [] : ['--max-turns', String(options.max_turns)]),
      ...(options.max_budget_usd === undefined ? [] : ['--max-budget-usd', String(options.max_budget_usd)]),
      ...options.args,
    ]
    try {
      const output = await callProgram(surroundings, options, {
        argv: [bin, ...argv],
        request,
        input: promptOf(request.event),
        signal,
        log,
      })
      return readResult(output)
    } catch (error) {
      if (!(error instanceof ExitFailure) || error.output.trim() === '') throw error
      return readResult(error.output)
    }
  }

  /** Goes on with a session, or begins a new one where that is not there any more. */
  const goOn = async (
    request: Request,
    session: string | undefined,
    signal: AbortSignal,
  ): Promise<Result> => {
    try {
      return await run(request, session, signal)
    } catch (error) {
      // It has asked its model nothing: the session was deleted, or belongs to another folder.
      if (session === undefined || !(error instanceof ExitFailure)) throw error
      return run(request, undefined, signal)
    }
  }

  return {
    name: 'claude-code',
    runtime: { capabilities: {} },
    async answer(request, signal) {
      const session = options.resume ? sessions.find(request) : undefined
      try {
        const result = await goOn(request, session, signal)
        const failure = failureOf(result)
        if (options.resume && result.session_id !== undefined && (failure?.isFinal ?? true)) {
          sessions.keep(request, result.session_id)
        }
        if (failure !== undefined) throw failure
        return { text: result.result }
      } catch (error) {
        // What the session holds may be the reason, and would fail every later message, too.
        const mayBeSession = error instanceof BackendFailure && error.wedged === undefined && !error.isFinal
        if (session !== undefined && mayBeSession) sessions.forget(request)
        throw error
      }
    },
    close: async () => {},
  }
}

/** Why a result is no answer. Pure. */
function failureOf(result: Result): BackendFailure | undefined {
  const { is_error, subtype, errors, terminal_reason, api_error_status } = result
  if (!is_error && subtype === 'success') return undefined
  const said = plainWords(errors.length > 0 ? errors.join('; ') : is_error ? result.result : '', MAX_SAID)
  const details = said === '' ? '.' : `: ${said}`
  if (LIMITS.includes(subtype)) {
    return new BackendFailure(`Claude Code reached a limit of its options${details}`, { isFinal: true })
  }
  // Nobody is logged in, the account has no credit, or the model cannot be reached: that fails whatever it is asked.
  if (terminal_reason === 'api_error' && !ABOUT_THE_REQUEST.includes(api_error_status ?? 0)) {
    const wedged = plainWords(`Claude Code cannot ask its model${details}`, MAX_WEDGED)
    return new BackendFailure(`Claude Code cannot ask its model${details}`, { wedged })
  }
  return new BackendFailure(
    `Claude Code failed${said === '' ? ` with ${plainWords(subtype, MAX_SAID)}.` : details}`,
  )
}

function readResult(output: string): Result {
  try {
    return resultSchema.parse(JSON.parse(output))
  } catch (error) {
    throw new BackendFailure('Claude Code printed something else than its JSON result.', { cause: error })
  }
}
