/** The user's home folder. */
import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'

/** Undefined when there is none: in a container, a process can run under a uid that belongs to no user, and without HOME. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir()
    return isAbsolute(home) ? home : undefined
  } catch {
    // The system has no entry for this user.
    return undefined
  }
}
