/** The programs that a session needs: Bun as Claude Code finds it, and Claude Code itself. */
import { type Check, fail, type Outcome, ok } from '../../member/check/check.ts'
import { FIRST_VERSION } from '../host/hearing/listener.ts'
import { unmetRequirement } from '../start/requirement.js'

/** A program as it is found on the PATH. */
export interface FoundProgram {
  readonly path: string
  /** What it prints for `--version`; undefined when it does not run. */
  readonly version: string | undefined
}

export interface ProgramPlace {
  /** Undefined when the PATH of a session has none. */
  readonly find: (name: string) => Promise<FoundProgram | undefined>
  /** The range in `engines` of package.json. */
  readonly bunRange: string
  /** Messages arrive by the doorbell. */
  readonly isRung: boolean
}

/** The first that calls a tool of the plugin at each prompt. */
const OLDEST_CLIENT = '2.1.118'

export function programChecks({ find, bunRange, isRung }: ProgramPlace): readonly Check[] {
  return [
    { name: 'bun', needs: [], probe: async () => judgeBun(await find('bun'), bunRange) },
    {
      name: 'claude',
      needs: [],
      probe: async () => judgeClient(await find('claude'), isRung ? FIRST_VERSION : OLDEST_CLIENT),
    },
  ]
}

/** Pure. */
function judgeBun(found: FoundProgram | undefined, range: string): Outcome {
  if (found === undefined) {
    return fail(
      'there is no bun on the PATH, and Claude Code starts the plugin with it',
      'Run npm i -g bun, or add the folder of bun to the PATH of the shell that starts Claude Code',
    )
  }
  const { path, version } = found
  if (version === undefined) return fail(`${path} does not run`, 'Run npm i -g bun@latest')
  const unmet = unmetRequirement(range, { version, path })
  if (unmet === undefined) return ok(`${version} (${path})`)
  return fail(
    `${path} is Bun ${version}, and the plugin needs ${range.replace(/^>=/, '')}`,
    'Run bun upgrade, or npm i -g bun@latest',
  )
}

/** Pure. */
function judgeClient(found: FoundProgram | undefined, oldest: string): Outcome {
  if (found === undefined) {
    return fail('there is no claude on the PATH', 'Install Claude Code: npm i -g @anthropic-ai/claude-code')
  }
  const { path, version } = found
  if (version === undefined) return fail(`${path} does not run`, 'Install Claude Code again')
  return unmetRequirement(`>=${oldest}`, { version, path }) === undefined
    ? ok(`${version} (${path})`)
    : fail(`${path} is ${version}, and the plugin needs ${oldest}`, 'Run claude update')
}
