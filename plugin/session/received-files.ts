/** Where the files of messages go: the folder for received files, within its bounds. */
import type { PlatformClient } from '../../member/client/client.ts'
import { FileStore } from '../../member/files/file-store.ts'
import { IncomingFiles } from '../../member/files/incoming-files.ts'
import type { Config } from '../../member/settings/config.ts'
import type { Surroundings } from '../../member/workspace/memberships.ts'

const MEGABYTE = 1024 * 1024
/** The space for all received files together; more only where it would not fit twenty of the largest. */
const INBOX_MB = 500

/** @param clientOf fetches for a workspace; undefined for one that is not ours. */
export function receivedFiles(
  { paths, log, clock }: Pick<Surroundings, 'paths' | 'log' | 'clock'>,
  { attachmentMaxMb }: Pick<Config, 'attachmentMaxMb'>,
  clientOf: (workspaceId: string) => PlatformClient | undefined,
  signal: AbortSignal,
): IncomingFiles {
  const inboxMb = Math.max(INBOX_MB, attachmentMaxMb * 20)
  return new IncomingFiles({
    store: new FileStore(paths.receivedFiles, attachmentMaxMb * MEGABYTE, inboxMb * MEGABYTE, clock),
    client: clientOf,
    signal,
    log: log.info,
    clock,
  })
}
