/** The commands and flags of `molecule connect`: the tables behind the parser, `--help` and docs/connect.md. */

export interface Command {
  readonly name: string
  /** What stands for its arguments in the help. */
  readonly operands: string
  readonly help: string
}

export const COMMANDS = [
  {
    name: 'status',
    operands: '[workspace-id]',
    help: 'show whether the workspaces are served, what waits, and what was set aside',
  },
  {
    name: 'doctor',
    operands: '[workspace-id]',
    help: 'check everything that serving needs, and say what to do about it',
  },
  {
    name: 'retry',
    operands: '[workspace-id]',
    help: 'give the messages that were set aside to the backend again',
  },
  {
    name: 'import-state',
    operands: 'FILE',
    help: 'continue where another connect program stopped, as its cursor file says',
  },
] as const satisfies readonly Command[]

export type CommandName = (typeof COMMANDS)[number]['name']

export interface Flag {
  readonly name: string
  /** What stands for its value in the help; undefined where it takes none. */
  readonly value?: string
  readonly isRepeatable?: boolean
  /** Other names, which other programs use for the same. */
  readonly aliases?: readonly string[]
  /** The setting of the environment and the .env file that it overrides. */
  readonly setting?: string
  readonly help: string
}

export const FLAGS = [
  {
    name: 'backend',
    value: 'NAME',
    help: 'what answers: claude-code, exec, codex, gemini, opencode, module or mock (default claude-code)',
  },
  {
    name: 'backend-opt',
    value: 'KEY=VALUE',
    isRepeatable: true,
    help: 'an option of the backend; may be repeated',
  },
  {
    name: 'token-file',
    value: 'FILE',
    help: 'file with the token of the workspace (default: MOLECULE_WORKSPACE_TOKEN_FILE)',
  },
  {
    name: 'platform-url',
    value: 'URL',
    aliases: ['api-url'],
    setting: 'MOLECULE_PLATFORM_URL',
    help: 'where the workspace lives',
  },
  {
    name: 'mode',
    value: 'MODE',
    help: 'how messages are received: poll is the only one',
  },
  {
    name: 'interval-ms',
    value: 'MS',
    setting: 'MOLECULE_POLL_INTERVAL_MS',
    help: 'time between two checks of the inbox while no event stream is open',
  },
  {
    name: 'since-secs',
    value: 'SECONDS',
    setting: 'MOLECULE_POLL_WINDOW_SECS',
    help: 'how far back a first start reads (default 30)',
  },
  {
    name: 'heartbeat-interval-ms',
    value: 'MS',
    setting: 'MOLECULE_HEARTBEAT_INTERVAL_MS',
    help: 'time between two heartbeats (default 30000)',
  },
  {
    name: 'agent-name',
    value: 'NAME',
    setting: 'MOLECULE_AGENT_NAME',
    help: 'how other agents see this one (default molecule-connect)',
  },
  {
    name: 'state-dir',
    value: 'FOLDER',
    setting: 'MOLECULE_STATE_DIR',
    help: 'the folder for everything kept on disk (default ~/.claude/channels/molecule)',
  },
  { name: 'empty-reply', value: 'WHAT', help: 'skip or send an answer without words (default skip)' },
  { name: 'once', help: 'answer what waits, then end' },
  { name: 'wait', help: 'wait while another process holds the workspace, instead of ending' },
  { name: 'forever', help: 'keep trying to register, instead of giving up after five attempts' },
  {
    name: 'json',
    help: 'write the log as JSON, one object (time, level, message) per line; of doctor, its checks',
  },
  {
    name: 'print-unit',
    value: 'KIND',
    help: 'print the definition of a service that runs this command line: systemd or launchd',
  },
  { name: 'dry-run', help: 'check everything that can be checked without the platform, and end' },
  { name: 'verbose', help: 'log more, such as each message that is answered' },
  { name: 'help', help: 'show this text' },
  { name: 'version', help: 'show the version' },
] as const satisfies readonly Flag[]

export type FlagName = (typeof FLAGS)[number]['name']

/** The tables as lines of the help. Pure. */
export function helpLines(): { readonly commands: readonly string[]; readonly flags: readonly string[] } {
  return {
    commands: columns(COMMANDS.map(({ name, operands, help }) => [`${name} ${operands}`, help])),
    flags: columns(FLAGS.map((flag: Flag) => [usageOf(flag), flag.help])),
  }
}

/** As in `--backend NAME`. Pure. */
export function usageOf({ name, value }: Flag): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`
}

function columns(rows: readonly (readonly [left: string, right: string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
