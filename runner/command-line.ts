/** The command line of `molecule connect`. Pure. */
import { parseArgs } from 'node:util'
import { describeError } from '../base/errors.ts'
import { isUuid } from '../member/client/workspace-path.ts'
import { SETTINGS } from '../member/settings/setting-table.ts'
import { type Environment, quoteValue, setValue } from '../member/settings/setting-text.ts'
import { type GivenOptions, splitOptions } from './backend/options.ts'
import { Ending, EXIT } from './exit-code.ts'
import { FLAGS, type Flag, type FlagName, flagLines } from './flags.ts'

export interface CommandLine {
  /** Undefined: all that the configuration names. */
  readonly workspaceId: string | undefined
  readonly backend: string
  readonly backendOptions: GivenOptions
  readonly tokenFile: string | undefined
  /** Settings, by name, that flags override. */
  readonly settings: Environment
  readonly sendsEmpty: boolean
  readonly once: boolean
  readonly wait: boolean
  readonly forever: boolean
  readonly json: boolean
  readonly dryRun: boolean
}

export type Parsed =
  | { readonly kind: 'run'; readonly line: CommandLine }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

export const HELP = `Usage: molecule connect [options] [workspace-id]

Makes this machine a workspace of a Molecule platform, with a program that answers where a session has Claude Code.
Without an id: every workspace that the configuration names.

${flagLines().join('\n')}

Exit codes: ${EXIT.ended} ended, ${EXIT.failed} failed while running, ${EXIT.usage} wrong command line or configuration, ${EXIT.refused} refused by the platform.
`

/** Where this program differs from the plugin. */
export const DEFAULTS: Environment = {
  [SETTINGS.pollWindowSecs.name]: '30',
  [SETTINGS.agentName.name]: 'molecule-connect',
}

/** @throws Ending with a sentence for what is wrong. */
export function parseCommandLine(argv: readonly string[], environment: Environment): Parsed {
  const { values, positionals } = parse(argv)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [workspaceId, more] = positionals
  if (more !== undefined) throw usage(`Give one workspace id, not also ${quoteValue(more)}.`)
  if (workspaceId !== undefined && !isUuid(workspaceId)) {
    throw usage(`The workspace id is ${quoteValue(workspaceId)} but must be a UUID.`)
  }
  const text = (name: FlagName): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? setValue(value) : undefined
  }
  const mode = text('mode')?.toLowerCase() ?? 'poll'
  if (mode !== 'poll') {
    throw usage(`--mode is ${quoteValue(mode)} but must be poll: this program has no address for pushes.`)
  }
  const emptyReply = oneOf('empty-reply', text('empty-reply') ?? 'skip', ['skip', 'send'])
  const overridden = FLAGS.flatMap((flag: Flag) => {
    const value = text(flag.name as FlagName)
    return flag.setting === undefined || value === undefined ? [] : [[flag.setting, value] as const]
  })
  const options = values['backend-opt']
  return {
    kind: 'run',
    line: {
      workspaceId: workspaceId?.toLowerCase(),
      backend: text('backend') ?? 'claude-code',
      backendOptions: splitOptions(Array.isArray(options) ? options.map(String) : []),
      tokenFile: text('token-file') ?? setValue(environment.MOLECULE_WORKSPACE_TOKEN_FILE),
      settings: {
        ...Object.fromEntries(overridden),
        ...(values.verbose === true ? { [SETTINGS.logLevel.name]: 'debug' } : {}),
      },
      sendsEmpty: emptyReply === 'send',
      once: values.once === true,
      wait: values.wait === true,
      forever: values.forever === true,
      json: values.json === true,
      dryRun: values['dry-run'] === true,
    },
  }
}

export function usage(sentence: string): Ending {
  return new Ending(EXIT.usage, sentence)
}

function parse(argv: readonly string[]) {
  const names = FLAGS.flatMap(({ name, ...flag }: Flag) =>
    [name, ...(flag.aliases ?? [])].map((one) => [one, flag] as const),
  )
  const options = Object.fromEntries(
    names.map(([name, { value, isRepeatable }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: isRepeatable === true,
      },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    for (const { name, aliases = [] } of FLAGS as readonly Flag[]) {
      for (const alias of aliases) values[name] ??= values[alias]
    }
    return { values, positionals }
  } catch (error) {
    throw usage(`${describeError(error)}. See molecule connect --help.`)
  }
}

function oneOf<T extends string>(name: FlagName, value: string, words: readonly T[]): T {
  const word = words.find((one) => one === value.toLowerCase())
  if (word === undefined) {
    throw usage(`--${name} is ${quoteValue(value)} but must be ${words.join(' or ')}.`)
  }
  return word
}
