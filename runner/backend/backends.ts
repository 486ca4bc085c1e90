/** Builds the backend that a command line names. */
import { quoteValue } from '../../member/settings/setting-text.ts'
import { agentProgramBackend } from './agent-programs.ts'
import { type Backend, OptionError } from './backend.ts'
import { claudeCodeBackend } from './claude-code.ts'
import { execBackend } from './exec.ts'
import { mockBackend } from './mock.ts'
import { moduleBackend } from './module.ts'
import type { GivenOptions } from './options.ts'
import type { ProgramSurroundings } from './program-call.ts'

type Build = (given: GivenOptions, surroundings: ProgramSurroundings) => Backend | Promise<Backend>

const BACKENDS: Readonly<Record<string, Build>> = {
  'claude-code': claudeCodeBackend,
  exec: execBackend,
  codex: (given, surroundings) => agentProgramBackend('codex', given, surroundings),
  gemini: (given, surroundings) => agentProgramBackend('gemini', given, surroundings),
  opencode: (given, surroundings) => agentProgramBackend('opencode', given, surroundings),
  module: moduleBackend,
  mock: (given, { warn }) => mockBackend(given, warn),
}
/** As people call them. */
const ALIASES: Readonly<Record<string, string>> = { claude: 'claude-code' }

/** @throws OptionError */
export async function buildBackend(
  wanted: string,
  given: GivenOptions,
  surroundings: ProgramSurroundings,
): Promise<Backend> {
  const name = ALIASES[wanted.toLowerCase()] ?? wanted.toLowerCase()
  const build = Object.hasOwn(BACKENDS, name) ? BACKENDS[name] : undefined
  if (build === undefined) {
    throw new OptionError(
      `There is no backend ${quoteValue(wanted)}. Choose one of ${Object.keys(BACKENDS).join(', ')}.`,
    )
  }
  return build(given, surroundings)
}
