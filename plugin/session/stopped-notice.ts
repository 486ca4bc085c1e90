/** Tells the user of a session that stands by, once, that the session which should receive stands still. */
import { receivers, type Standby } from '../host/report/remark.ts'

export class StoppedNotice {
  /** The workspaces it was told about, until their holder runs again. */
  #told: ReadonlySet<string> = new Set()

  /** @returns one line, if there is anything new. */
  next(workspaces: readonly Standby[]): string | undefined {
    const stopped = workspaces.filter(({ standstill }) => standstill !== undefined)
    const isNew = stopped.some(({ workspaceId }) => !this.#told.has(workspaceId))
    this.#told = new Set(stopped.map(({ workspaceId }) => workspaceId))
    if (!isNew) return undefined
    return `No session shows the messages of the Molecule platform: ${receivers(stopped, workspaces)}. claim_channel moves them to this session.`
  }
}
