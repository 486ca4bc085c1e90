/**
 * The variables with which a Claude Code session tells its child processes how to write into its inbox. Whoever has them
 * can speak to the session's model, so no process of ours passes them on.
 */

const NAMES = ['CLAUDE_CODE_MESSAGING_SOCKET', 'CLAUDE_CODE_MESSAGING_TOKEN'] as const

export interface InboxVariables {
  readonly socket: string | undefined
  readonly token: string | undefined
}

/** Takes them out of an environment, so that no process which this one starts gets them. @returns their values. */
export function takeInboxVariables(environment: Record<string, string | undefined>): InboxVariables {
  const [socket, token] = NAMES.map((name) => {
    const value = environment[name]
    delete environment[name]
    return value
  })
  return { socket, token }
}
