/** The host names a request may be addressed to, and the web pages it may come from. Pure. */

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/

/** A listening address in one form: lower case, an IPv6 address without brackets. */
export function listenHost(text: string): string {
  return text.toLowerCase().replace(/^\[(.*)\]$/, '$1')
}

/**
 * Whether a platform that listens here is out of reach for other machines.
 *
 * @param host in the form of {@link listenHost}.
 */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/** The host name in a name, a name with a port, or an address of a page; undefined when there is none in full. */
export function namedHost(text: string): string | undefined {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`)
  if (url === null || url.username !== '' || url.hostname.includes('*')) return undefined
  return url.hostname.replace(/\.$/, '') || undefined
}

/**
 * Whether a host name can only mean this machine: an address, or a name that every resolver maps to loopback.
 * Any other name may belong to a stranger who points it here, so that a page of theirs counts as ours (DNS
 * rebinding).
 *
 * @param allowed further names that the operator vouches for, in the form of {@link namedHost}.
 */
export function isOwnHost(hostname: string, allowed: readonly string[]): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (ADDRESS.test(name) || name === 'localhost' || name.endsWith('.localhost')) return true
  return allowed.includes(name)
}

/**
 * Whether the request comes from this platform's own page, or from no page at all. A forwarder that ends TLS may
 * rewrite the Host header, so a page of a name that the operator vouches for is the platform's own, too.
 *
 * @param allowed in the form of {@link namedHost}.
 */
export function isOwnOrigin(headers: Headers, allowed: readonly string[]): boolean {
  const origin = headers.get('Origin')
  if (origin === null || origin === originOf(headers, 'http') || origin === originOf(headers, 'https'))
    return true
  const url = /^https?:\/\/[^/]+$/.test(origin) ? URL.parse(origin) : null
  return url !== null && allowed.includes(url.hostname.toLowerCase().replace(/\.$/, ''))
}

function originOf(headers: Headers, scheme: string): string {
  return `${scheme}://${headers.get('Host')}`
}

/** The origin by which a client reached the platform: what a forwarder says, or else what the request itself does. */
export function publicOrigin(headers: Headers, url: URL): string {
  const first = (name: string) => headers.get(name)?.split(',')[0]?.trim()
  const scheme = first('X-Forwarded-Proto') === 'https' ? 'https' : 'http'
  return URL.parse(`${scheme}://${first('X-Forwarded-Host') || url.host}`)?.origin ?? url.origin
}

/**
 * Whether nobody on a network could read the request: it came from this machine, and no forwarder passed it on, or one
 * that ended TLS did. A client that claims the latter without cause harms itself alone.
 */
export function cameInPrivate(headers: Headers, address: string): boolean {
  const scheme = headers.get('X-Forwarded-Proto')?.split(',')[0]?.trim()
  if (scheme !== undefined) return scheme === 'https'
  const isForwarded = ['X-Forwarded-For', 'X-Forwarded-Host', 'Forwarded'].some((name) => headers.has(name))
  return !isForwarded && isLoopback(address.replace(/^::ffff:/, ''))
}

const WITHOUT_ORGANIZATION = ['/health', '/metrics', '/registry/register', '/registry/heartbeat']

/** What the page loads before it can name anything. */
const PAGE_FILES = ['/chat/', '/contract/', '/node_modules/']

/**
 * Whether a request names a tenant's organization or comes from the tenant's own page (contract: hosted
 * tenants).
 */
export function passesTenantGuard(
  orgId: string | undefined,
  headers: Headers,
  path: string,
  allowed: readonly string[],
): boolean {
  if (orgId === undefined || WITHOUT_ORGANIZATION.includes(path)) return true
  if (path === '/' || PAGE_FILES.some((folder) => path.startsWith(folder))) return true
  return (
    headers.get('X-Molecule-Org-Id') === orgId ||
    (headers.get('Origin') !== null && isOwnOrigin(headers, allowed))
  )
}
