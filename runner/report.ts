/** What a runner says of each workspace it serves, beside the lock, for `molecule connect status`. */
import { join } from 'node:path'
import { readRegularFile, replaceFile } from '../member/folder/regular-file.ts'
import { describeWorkspace, type WorkspaceView } from '../plugin/host/report/workspace-report.ts'

/** How the record of a lock's holder begins, if that is a runner. */
export const PROJECT = 'molecule connect'

export interface Service {
  readonly backend: string
  readonly counts: { readonly handled: number; readonly failed: number }
  /** Why nothing is answered until somebody repairs it. */
  readonly wedged: string | undefined
  /** The activity id of the message in hand. */
  readonly current: string | undefined
}

/**
 * @param service undefined while nothing serves the workspace.
 * @param setAside how many messages are set aside.
 */
export function renderReport(
  view: WorkspaceView,
  service: Service | undefined,
  setAside: number,
  now: number,
): string {
  return [...describeWorkspace(view, now), ...answering(service, view, now), ...aside(setAside)].join('\n')
}

function answering(service: Service | undefined, view: WorkspaceView, now: number): readonly string[] {
  const { holder } = view
  if (service === undefined) {
    const isServed = view.elsewhere && holder?.project.startsWith(PROJECT)
    return [
      `  answered by ${isServed ? `${PROJECT}, which has not said more` : `nothing: no ${PROJECT} serves it`}`,
    ]
  }
  const { backend, counts, wedged, current } = service
  const who = holder === undefined ? '' : ` in process ${holder.pid}`
  const hand = current === undefined ? '' : `, message ${current} in hand`
  return [
    `  answered by ${backend}${who}: ${counts.handled} since the start, ${counts.failed} of them without success${hand}`,
    `  as of ${new Date(now).toISOString()}`,
    ...(wedged === undefined ? [] : [`  WEDGED, until somebody repairs it: ${wedged}`]),
  ]
}

function aside(count: number): readonly string[] {
  return count === 0 ? [] : [`  ${count} set aside: molecule connect retry gives them to the backend again`]
}

/** Replaces the report of a workspace. @throws the file system's error */
export function writeReport(locks: string, workspaceId: string, pid: number, text: string): void {
  replaceFile(reportPath(locks, workspaceId), `${pid}\n${text}`)
}

/** What the process with this pid has last said of a workspace; undefined when it has not, as a session never does. */
export function readReport(locks: string, workspaceId: string, pid: number | undefined): string | undefined {
  try {
    const [writer, ...lines] = readRegularFile(reportPath(locks, workspaceId)).split('\n')
    return writer === String(pid) ? lines.join('\n') : undefined
  } catch {
    // Nothing has served it in this folder, or the file is not ours.
    return undefined
  }
}

function reportPath(locks: string, workspaceId: string): string {
  return join(locks, `${workspaceId}.report`)
}
