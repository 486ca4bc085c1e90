/** The command line of `molecule connect`. Pure. */
import { parseArgs } from 'node:util'
import { describeError } from '../base/errors.ts'
import { plainText } from '../base/plain-text.ts'
import { isUuid } from '../member/client/workspace-path.ts'
import { platformUrlSchema } from '../member/settings/platform-url.ts'
import { SETTING_ROWS, SETTINGS, type Setting, type ValueSetting } from '../member/settings/setting-table.ts'
import { type Environment, quoteValue, setValue } from '../member/settings/setting-text.ts'
import { type GivenOptions, splitOptions } from './backend/options.ts'
import { Ending, EXIT } from './exit-code.ts'
import { COMMANDS, type CommandName, FLAGS, type Flag, type FlagName, helpLines } from './flags.ts'

const UNIT_KINDS = ['systemd', 'launchd'] as const

export interface CommandLine {
  /** What to do instead of serving. */
  readonly command: CommandName | undefined
  /** The file that a command takes. */
  readonly file: string | undefined
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
  readonly printUnit: (typeof UNIT_KINDS)[number] | undefined
}

export type Parsed =
  | { readonly kind: 'run'; readonly line: CommandLine }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

const { commands, flags } = helpLines()

export const HELP = `Usage: molecule connect [options] [workspace-id]
       molecule connect COMMAND [options]

Serves a workspace of a Molecule platform: a program, and no person at a terminal, answers its messages.
Without an id, it serves every workspace that the configuration names.

Commands:
${commands.join('\n')}

Options:
${flags.join('\n')}

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
  const text = (name: FlagName): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? setValue(value) : undefined
  }
  const mode = text('mode')?.toLowerCase() ?? 'poll'
  if (mode !== 'poll') {
    throw usage(`--mode is ${quoteValue(mode)} but must be poll: this program has no address for pushes.`)
  }
  const unit = text('print-unit')
  const options = values['backend-opt']
  return {
    kind: 'run',
    line: {
      ...operands(positionals),
      backend: text('backend') ?? 'claude-code',
      backendOptions: splitOptions(Array.isArray(options) ? options.map(String) : []),
      tokenFile: text('token-file') ?? setValue(environment.MOLECULE_WORKSPACE_TOKEN_FILE),
      settings: {
        ...Object.fromEntries(FLAGS.flatMap((flag: Flag) => settingOf(flag, text(flag.name as FlagName)))),
        ...(values.verbose === true ? { [SETTINGS.logLevel.name]: 'debug' } : {}),
      },
      sendsEmpty: oneOf('empty-reply', text('empty-reply') ?? 'skip', ['skip', 'send']) === 'send',
      once: values.once === true,
      wait: values.wait === true,
      forever: values.forever === true,
      json: values.json === true,
      dryRun: values['dry-run'] === true,
      printUnit: unit === undefined ? undefined : oneOf('print-unit', unit, UNIT_KINDS),
    },
  }
}

function operands(positionals: readonly string[]): Pick<CommandLine, 'command' | 'file' | 'workspaceId'> {
  const command = COMMANDS.find(({ name }) => name === positionals[0])?.name
  const [first, more] = command === undefined ? positionals : positionals.slice(1)
  const takesFile = command === 'import-state'
  if (more !== undefined) {
    throw usage(
      takesFile
        ? `Give one file, not also ${quoteValue(more)}.`
        : `Give one workspace id, not also ${quoteValue(more)}: a command comes first, and settings name several workspaces.`,
    )
  }
  if (takesFile) {
    if (first === undefined) throw usage('import-state needs the cursor file of the other program.')
    return { command, file: first, workspaceId: undefined }
  }
  if (first !== undefined && !isUuid(first)) {
    const commands = COMMANDS.map(({ name }) => name).join(', ')
    throw usage(`The workspace id is ${quoteValue(first)} but must be a UUID, or one of ${commands}.`)
  }
  return { command, file: undefined, workspaceId: first?.toLowerCase() }
}

/** The setting that a flag gives, checked as the setting is. */
function settingOf(flag: Flag, value: string | undefined): readonly (readonly [string, string])[] {
  const setting = SETTING_ROWS.find(({ name }) => name === flag.setting)
  if (setting === undefined || value === undefined) return []
  const problem = problemOf(setting, value)
  if (problem !== undefined) throw usage(`--${flag.name} is ${quoteValue(value)} but ${problem}.`)
  return [[setting.name, value]]
}

function problemOf(setting: Setting, value: string): string | undefined {
  if (setting.name === SETTINGS.platformUrl.name) {
    return platformUrlSchema.safeParse(value).error?.issues[0]?.message
  }
  return hasSchema(setting) && !setting.schema.safeParse(value).success
    ? `must be ${setting.rule}`
    : undefined
}

function hasSchema(setting: Setting): setting is ValueSetting<unknown> {
  return 'schema' in setting
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
    // What Node.js says of an unknown option goes on with advice for arguments that this program does not take.
    const sentence = plainText(describeError(error), 300).replace(/\.(?: To specify a positional.*)?$/, '')
    throw usage(`${sentence}. See molecule connect --help.`)
  }
}

function oneOf<T extends string>(name: FlagName, value: string, words: readonly T[]): T {
  const word = words.find((one) => one === value.toLowerCase())
  if (word === undefined) {
    throw usage(`--${name} is ${quoteValue(value)} but must be ${words.join(' or ')}.`)
  }
  return word
}
