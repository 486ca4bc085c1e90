/**
 * Answers with Claude Code in print mode: one session for each sender, which goes on with the next message. It may do
 * what the user's own settings allow it to do, and nothing more.
 */
import { z } from 'zod'
import { type Backend, BackendFailure, type Request } from './backend.ts'
import { aboutMessage } from './child-environment.ts'
import { MAX_OUTPUT_BYTES, type ProgramSurroundings } from './exec.ts'
import { duration, filled, flag, type GivenOptions, readOptions, words } from './options.ts'
import { PeerSessions } from './peer-sessions.ts'
import { findProgram, runProgram } from './program.ts'
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

/** The line that `--output-format json` prints. */
const resultSchema = z.object({
  result: z.string().default(''),
  is_error: z.boolean().default(false),
  subtype: z.string().default('success'),
  session_id: z.string().optional(),
})

const INSTALL =
  'install it (npm install -g @anthropic-ai/claude-code), or give its path with --backend-opt bin=PATH'

/** @throws OptionError */
export function claudeCodeBackend(given: GivenOptions, surroundings: ProgramSurroundings): Backend {
  const options = readOptions('claude-code', given, OPTIONS, surroundings.warn)
  const { environment, stateFolder, log, clock } = surroundings
  const bin = findProgram(options.bin, environment, INSTALL)
  const sessions = new PeerSessions(stateFolder, 'claude-code')

  const run = async (request: Request, session: string | undefined, signal: AbortSignal) => {
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
    const output = await runProgram({
      argv: [bin, ...argv],
      environment: options.pass_meta ? { ...environment, ...aboutMessage(request) } : environment,
      input: promptOf(request.event),
      folder: stateFolder,
      timeoutMs: options.timeout,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
      log,
      clock,
    })
    return readResult(output)
  }

  return {
    name: 'claude-code',
    runtime: { capabilities: {} },
    async answer(request, signal) {
      const session = options.resume ? sessions.find(request) : undefined
      try {
        const result = await run(request, session, signal)
        if (result.is_error || result.subtype !== 'success') {
          throw new BackendFailure(`Claude Code ended with ${result.subtype}.`)
        }
        if (options.resume && result.session_id !== undefined) sessions.keep(request, result.session_id)
        return { text: result.result }
      } catch (error) {
        // A session that was deleted, or belongs to another folder, would fail every later message, too.
        if (session !== undefined && error instanceof BackendFailure) sessions.forget(request)
        throw error
      }
    },
    close: async () => {},
  }
}

function readResult(output: string): z.infer<typeof resultSchema> {
  try {
    return resultSchema.parse(JSON.parse(output))
  } catch (error) {
    throw new BackendFailure('Claude Code printed something else than its JSON result.', { cause: error })
  }
}
