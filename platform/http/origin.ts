/** Under which names and from which pages a request may come. Pure. */

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i

/**
 * Whether a host name can only mean this machine: an address, or a name that every resolver takes for loopback. Any other name may
 * be a stranger's, made to point here so that a page of theirs counts as ours (DNS rebinding).
 *
 * @param allowed further names the operator vouches for
 */
export function hostIsOurs(hostname: string, allowed: readonly string[]): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (ADDRESS.test(name) || name === 'localhost' || name.endsWith('.localhost')) return true
  return allowed.some((host) => host.toLowerCase() === name)
}

/** Whether the page that asks, if a page does, is one of this platform. */
export function originIsOwn(headers: Headers): boolean {
  const origin = headers.get('Origin')
  return origin === null || origin === originOf(headers, 'http') || origin === originOf(headers, 'https')
}

function originOf(headers: Headers, scheme: string): string {
  return `${scheme}://${headers.get('Host')}`
}

const WITHOUT_ORGANISATION = ['/health', '/metrics', '/registry/register', '/registry/heartbeat']

/** The guard of a tenant: the organisation's id, or the tenant's own web page (contract: hosted tenants). */
export function organisationKnown(orgId: string | undefined, headers: Headers, path: string): boolean {
  if (orgId === undefined || WITHOUT_ORGANISATION.includes(path)) return true
  if (path === '/' || path.startsWith('/chat/')) return true
  return (
    headers.get('X-Molecule-Org-Id') === orgId || (headers.get('Origin') !== null && originIsOwn(headers))
  )
}
