/** What the command line of the host says: which channels it was asked for, and how it is driven. Pure. */

type CommandLines = readonly (readonly string[])[]
type Environment = Readonly<Record<string, string | undefined>>

export const DEVELOPMENT_FLAG = '--dangerously-load-development-channels'
const CHANNEL_FLAGS = new Set(['--channels', DEVELOPMENT_FLAG])
/** In a run that answers one prompt and exits, the host silently ignores the development flag. */
const PRINT_FLAGS = new Set(['-p', '--print'])
/** Our channel on the host's command line: as a plugin of any marketplace, or as a plain server. */
const OUR_ENTRY = /^(?:plugin:molecule(?:@.+)?|server:molecule)$/

/**
 * Drops the ancestors of the nearest host: one may be another session, in whose shell this one runs, with its own
 * flags.
 */
export function hostAndWrappers(ancestors: CommandLines): CommandLines {
  const host = ancestors.findIndex(isHost)
  return host === -1 ? ancestors : ancestors.slice(0, host + 1)
}

/** `claude …`, or a runtime that runs it from its package. */
export function isHost(command: readonly string[]): boolean {
  return command
    .slice(0, 3)
    .some((word) => /(?:^|[/\\])claude(?:\.exe)?$|[/\\]claude-(?:code|agent-sdk)[/\\]/.test(word))
}

/**
 * Whether a program drives the client through the Agent SDK. There, the development flag is ignored, `--channels` takes
 * effect only with the first prompt, and the program can switch a channel on at any time: no command line shows it. The
 * environment counts only without a command line, since a client in the shell of such a session inherits it.
 */
export function isAgentSdk(
  commands: CommandLines,
  { CLAUDE_CODE_ENTRYPOINT: entry = '', CLAUDE_AGENT_SDK_VERSION: version }: Environment,
): boolean {
  if (commands.length === 0) return /^sdk-(?!cli$)/.test(entry) || version !== undefined
  return commands.some((command) =>
    command.some(
      (word, at) =>
        word === '--input-format=stream-json' ||
        (word === '--input-format' && command[at + 1] === 'stream-json'),
    ),
  )
}

export function namesOurChannel(command: readonly string[]): boolean {
  const prints = isPrintRun(command)
  let afterFlag = false
  for (const word of command) {
    const [flag = '', inline] = word.split('=', 2)
    if (CHANNEL_FLAGS.has(flag) && !(prints && flag === DEVELOPMENT_FLAG)) {
      if (inline?.split(',').some((entry) => OUR_ENTRY.test(entry))) return true
      afterFlag = inline === undefined
    } else if (word.startsWith('-')) {
      afterFlag = false
    } else if (afterFlag && word.split(',').some((entry) => OUR_ENTRY.test(entry))) {
      return true
    }
  }
  return false
}

/** Whether it answers one prompt and exits. */
export function isPrintRun(command: readonly string[]): boolean {
  return command.some((word) => PRINT_FLAGS.has(word))
}

/** The value that a command line gives to an option of the host; undefined when it gives none. */
export function optionOf(commands: CommandLines, option: string): string | undefined {
  for (const command of commands) {
    const at = command.findIndex((word) => word === option || word.startsWith(`${option}=`))
    const word = command[at]
    if (word !== undefined) return word === option ? command[at + 1] : word.slice(option.length + 1)
  }
  return undefined
}
