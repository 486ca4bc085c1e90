/** The command lines of `./molecule join`, `token` and `invite-code`. Pure. */
import { parseArgs } from 'node:util'
import { describeError } from '../../base/errors.ts'
import { checkName } from './agent.ts'
import { JoinFailure } from './failure.ts'

const COMMANDS = {
  join: {
    options: { start: { type: 'boolean' }, answer: { type: 'boolean' } },
    help: `Usage: ./molecule join NAME [--start] [--answer] [--db FILE] [-- ARGUMENT ...]

Gives a session on this machine a workspace of the local platform: creates the workspace if it is missing, and
writes the settings of the session into a folder of its own. Prints the command that starts the session, which
needs no installed plugin, and Claude Code 2.1.251 or newer.

  --start     run that command, in this folder, with the arguments after --
  --answer    let the session read messages and answer them without asking you each time
  --db FILE   the database of the platform, if it was started with --db
`,
  },
  token: {
    options: { file: { type: 'string' } },
    help: `Usage: ./molecule token NAME [--file FILE] [--db FILE]

Prints the settings of a workspace of the local platform with a new token, which is shown only here. Creates the
workspace if it is missing.

  --file FILE   write only the token, into a new file that only you can read: for molecule connect --token-file
  --db FILE     the database of the platform, if it was started with --db
`,
  },
  'invite-code': {
    options: { url: { type: 'string' } },
    help: `Usage: ./molecule invite-code NAME [--url URL] [--db FILE]

Prints a code that gives a session on another machine a workspace of the local platform. It can be used once, within
ten minutes; after five wrong tries it is void. Creates the workspace if it is missing.

  --url URL   the https address at which the other machine reaches the platform
  --db FILE   the database of the platform, if it was started with --db
`,
  },
} as const

type CommandName = keyof typeof COMMANDS

export type CommandLine =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'run'
      readonly command: CommandName
      readonly name: string
      readonly db: string | undefined
      /** Of `join`. */
      readonly start: boolean
      readonly answer: boolean
      /** Of `token`. */
      readonly file: string | undefined
      /** Of `invite-code`. */
      readonly url: string | undefined
      /** For Claude Code. */
      readonly more: readonly string[]
    }

/** @throws JoinFailure for a wrong command line. */
export function parseCommandLine([command = '', ...argv]: readonly string[]): CommandLine {
  if (!isCommand(command)) throw new JoinFailure(`No command is named ${JSON.stringify(command)}.`)
  const end = argv.indexOf('--')
  const [ours, more] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { options, help } = COMMANDS[command]
  const { values, positionals } = parsed(ours, options, command)
  if (values.help === true) return { kind: 'help', text: help }
  const [name, ...others] = positionals
  if (name === undefined || others.length > 0) {
    throw new JoinFailure(`Give one name, such as: ./molecule ${command} reviewer`)
  }
  if (more.length > 0 && values.start !== true) {
    throw new JoinFailure('What follows -- is for Claude Code: add --start, or leave it out.')
  }
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    kind: 'run',
    command,
    name: checkName(name),
    db: text(values.db),
    start: values.start === true,
    answer: values.answer === true,
    file: text(values.file),
    url: text(values.url),
    more,
  }
}

function isCommand(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text)
}

function parsed(
  args: readonly string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>,
  command: CommandName,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, db: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new JoinFailure(`${describeError(error).split('\n', 1)[0]} See ./molecule ${command} --help.`)
  }
}
