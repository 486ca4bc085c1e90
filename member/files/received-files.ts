/** Where the files of messages go: the folder for received files, within its bounds. */
import type { Clock } from '../../base/clock.ts'
import type { PlatformClient } from '../client/client.ts'
import type { Log } from '../folder/log.ts'
import type { StatePaths } from '../folder/state-folder.ts'
import type { Config, Target } from '../settings/config.ts'
import { FileStore } from './file-store.ts'
import { IncomingFiles } from './incoming-files.ts'

const MEGABYTE = 1024 * 1024
/** The space for all received files together; more only where it would not fit twenty of the largest. */
const INBOX_MB = 500

interface ReceivedFilesOptions {
  readonly paths: Pick<StatePaths, 'receivedFiles'>
  readonly log: Log
  readonly clock: Clock
  readonly clientOf: (target: Target) => PlatformClient
}

export function receivedFiles(
  { paths, log, clock, clientOf }: ReceivedFilesOptions,
  { attachmentMaxMb, targets }: Pick<Config, 'attachmentMaxMb' | 'targets'>,
  signal: AbortSignal,
): IncomingFiles {
  const inboxMb = Math.max(INBOX_MB, attachmentMaxMb * 20)
  return new IncomingFiles({
    store: new FileStore(paths.receivedFiles, attachmentMaxMb * MEGABYTE, inboxMb * MEGABYTE, clock),
    client: (workspaceId) => {
      const target = targets.find((one) => one.workspaceId === workspaceId)
      return target === undefined ? undefined : clientOf(target)
    },
    signal,
    log: log.info,
    clock,
  })
}
