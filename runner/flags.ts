/** The flags of `molecule connect`: the one table behind the parser, `--help` and docs/connect.md. */

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
    help: 'what answers: exec, claude-code, module or mock (default claude-code)',
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
    help: 'time between two looks at the inbox while no event stream is live',
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
    help: 'the folder for everything kept on disk',
  },
  { name: 'empty-reply', value: 'WHAT', help: 'skip or send an answer without words (default skip)' },
  { name: 'once', help: 'answer what waits, then end' },
  { name: 'wait', help: 'wait while a session holds the workspace, instead of ending' },
  { name: 'forever', help: 'try to register until that is possible, instead of five times' },
  { name: 'json', help: 'write the log as JSON, one object in a line' },
  { name: 'dry-run', help: 'check everything that can be checked without the platform, and end' },
  { name: 'verbose', help: 'log more' },
  { name: 'help', help: 'show this text' },
  { name: 'version', help: 'show the version' },
] as const satisfies readonly Flag[]

export type FlagName = (typeof FLAGS)[number]['name']

/** The table as lines of the help. Pure. */
export function flagLines(): readonly string[] {
  const entries = FLAGS.map((flag: Flag) => ({
    left: `--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag,
  }))
  const width = Math.max(...entries.map(({ left }) => left.length))
  return entries.map(({ left, flag }) => `  ${left.padEnd(width)}  ${flag.help}`)
}
