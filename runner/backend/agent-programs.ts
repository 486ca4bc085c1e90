/**
 * Other agent programs that answer once and end, as Claude Code does in print mode. Each reads all of its prompt, what it
 * is told about messages before the message, from standard input, and each may do what its own settings allow, and nothing
 * more. On the command line, some would quote the text, or put a tag of their own around the message, which it could close.
 */
import { plainText } from '../../base/plain-text.ts'
import { answerIn, errorIn } from './agent-output.ts'
import { type Backend, BackendFailure } from './backend.ts'
import { duration, filled, flag, type GivenOptions, readOptions, words } from './options.ts'
import { ExitFailure, findProgram } from './program.ts'
import { callProgram, type ProgramSurroundings } from './program-call.ts'
import { GUIDANCE, promptOf } from './prompt.ts'

interface AgentProgram {
  readonly bin: string
  /** Comes before the user's arguments. */
  readonly argv: readonly string[]
  /** Whether it prints its events, and not only its answer. */
  readonly printsEvents: boolean
  readonly install: string
}

const AGENT_PROGRAMS = {
  codex: {
    bin: 'codex',
    argv: ['exec', '--skip-git-repo-check'],
    printsEvents: false,
    install: 'npm install -g @openai/codex',
  },
  gemini: {
    bin: 'gemini',
    argv: ['--output-format', 'stream-json'],
    printsEvents: true,
    install: 'npm install -g @google/gemini-cli',
  },
  opencode: {
    bin: 'opencode',
    argv: ['run', '--format', 'json'],
    printsEvents: true,
    install: 'npm install -g opencode-ai',
  },
} as const satisfies Readonly<Record<string, AgentProgram>>

/** Events repeat what tools return. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024
const MAX_SAID = 300

/** @throws OptionError */
export function agentProgramBackend(
  name: keyof typeof AGENT_PROGRAMS,
  given: GivenOptions,
  surroundings: ProgramSurroundings,
): Backend {
  const { environment, debug, warn } = surroundings
  const program = AGENT_PROGRAMS[name]
  const options = readOptions(
    name,
    given,
    {
      bin: filled.default(program.bin),
      args: words,
      timeout: duration.default(300_000),
      pass_meta: flag.default(true),
    },
    warn,
  )
  const install = `install it (${program.install}), or give its path with --backend-opt bin=PATH`
  const bin = findProgram(options.bin, environment, install)
  return {
    name,
    runtime: { capabilities: {} },
    async answer(request, signal) {
      try {
        const output = await callProgram(surroundings, options, {
          argv: [bin, ...program.argv, ...options.args],
          request,
          input: `${GUIDANCE}\n\n${promptOf(request.event)}`,
          ...(program.printsEvents ? { maxOutputBytes: MAX_EVENT_BYTES } : {}),
          signal,
          log: debug,
          repeatsInput: true,
        })
        return { text: program.printsEvents ? answerIn(output) : output.trim() }
      } catch (error) {
        const said = error instanceof ExitFailure && program.printsEvents ? errorIn(error.output) : undefined
        if (said === undefined) throw error
        throw new BackendFailure(`It failed: ${plainText(said, MAX_SAID)}`, { cause: error })
      }
    },
    close: async () => {},
  }
}
