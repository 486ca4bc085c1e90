/** Which workspace is on which platform. Pure, and does not parse URLs: entries pass through unread. */

export interface PlatformUrlSettings {
  readonly workspaceIds: readonly string[]
  /** One URL per workspace, in the order of the ids; wins over `platformUrl` when it has any entry. */
  readonly platformUrls: readonly string[]
  /** One URL for all workspaces. */
  readonly platformUrl: string | undefined
}

export type PlatformUrls =
  | { readonly ok: true; readonly urls: string[]; readonly multiTenant: boolean }
  | { readonly ok: false; readonly message: string }

/**
 * Gives each workspace its platform URL.
 *
 * @returns `urls`, as long as `workspaceIds`, each string exactly as given, and whether they name more than one
 *   platform; or a printable error message. An empty string counts as unset.
 */
export function resolvePlatformUrls(settings: PlatformUrlSettings): PlatformUrls {
  const ids = settings.workspaceIds.length
  if (ids === 0) return { ok: false, message: 'No workspace id is given: set MOLECULE_WORKSPACE_IDS.' }
  const list = settings.platformUrls.filter(isSet)
  if (list.length > 0 && list.length !== ids) return { ok: false, message: mismatch(list.length, ids) }
  if (list.length > 0) return { ok: true, urls: list, multiTenant: hasMixedTenants(list) }
  const { platformUrl } = settings
  if (platformUrl === undefined || !isSet(platformUrl)) return { ok: false, message: NEITHER }
  return { ok: true, urls: settings.workspaceIds.map(() => platformUrl), multiTenant: false }
}

/** Whether the URLs name more than one platform. Compared as text, so give them normalised. */
export function hasMixedTenants(urls: readonly string[]): boolean {
  return new Set(urls).size > 1
}

const NEITHER =
  'No platform URL is given: set MOLECULE_PLATFORM_URL (one for all workspaces) or MOLECULE_PLATFORM_URLS ' +
  '(one per workspace, separated by commas).'

function mismatch(urls: number, ids: number): string {
  return (
    `MOLECULE_PLATFORM_URLS and MOLECULE_WORKSPACE_IDS must have as many entries, but there are ${urls} urls and ` +
    `${ids} ids: give one URL per id in the same order, or set MOLECULE_PLATFORM_URL alone for all of them.`
  )
}

function isSet(value: string): boolean {
  return value.trim() !== ''
}
