/** How `molecule connect` ends. */
export const EXIT = {
  /** It was asked to end, had done everything with --once, or its workspaces were paused. */
  ended: 0,
  /**
   * Something failed while it ran: no registration within its bound, a state folder that cannot be used, a message that
   * --once could not answer.
   */
  failed: 1,
  /** A wrong command line or configuration, found before anything was done. */
  usage: 2,
  /** The platform refuses the token, or has no such workspace. */
  refused: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A reason to end, as one sentence for the person. */
export class Ending extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Why nothing is done without a state folder has been logged by whoever tried to open it. */
export function withoutFolder(): Ending {
  return new Ending(
    EXIT.failed,
    'nothing is done without a state folder: repair this one, or name another with --state-dir',
  )
}

/** It begins again with what its settings say now. */
export class Restart extends Ending {}
