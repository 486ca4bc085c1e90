/** Which files this session may send. */
import type { SecretSearch } from '../../base/secret-search.ts'
import type { OutgoingRules } from '../../member/files/outgoing-files.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { Config } from '../../member/settings/config.ts'

const MEGABYTE = 1024 * 1024

/** @param config undefined while there is none that is valid: then no file may be sent. */
export function outgoingRules(
  config: Config | undefined,
  paths: StatePaths,
  secrets: SecretSearch,
): OutgoingRules {
  return {
    maxBytes: (config?.attachmentMaxMb ?? 0) * MEGABYTE,
    stateFolder: paths.folder,
    roots: config?.attachmentRoots,
    secrets,
  }
}
