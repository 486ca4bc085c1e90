/**
 * Which URLs an agent may have the platform call (contract: push URL rules). Pure: names are resolved
 * elsewhere, and every address comes back here.
 */

type DeployMode = 'self-hosted' | 'saas'

export interface GuardSettings {
  readonly deployMode: DeployMode
  /** True on a developer's machine. */
  readonly loopbackAllowed: boolean
}

type CheckedUrl =
  | { readonly ok: true; readonly url: URL; readonly host: HostKind }
  | { readonly ok: false; readonly message: string }

/** A literal address is checked already; a name must be resolved and each of its addresses checked. */
type HostKind = 'literal' | 'localhost' | 'name'

interface Range {
  readonly label: string
  readonly prefix: readonly number[]
  readonly bits: number
}

const ALWAYS: readonly Range[] = [
  v4('link-local/cloud-metadata', '169.254.0.0', 16),
  v4('TEST-NET-1', '192.0.2.0', 24),
  v4('TEST-NET-2', '198.51.100.0', 24),
  v4('TEST-NET-3', '203.0.113.0', 24),
  v4('carrier-grade NAT', '100.64.0.0', 10),
  v4('multicast', '224.0.0.0', 4),
  v6('IPv6 link-local', [0xfe80], 10),
  v6('IPv6 unique-local', [0xfc00], 8),
  v6('IPv6 documentation', [0x2001, 0x0db8], 32),
]

/** An unspecified address reaches this machine, so it counts as loopback. */
const LOOPBACK: readonly Range[] = [
  v4('loopback', '127.0.0.0', 8),
  v4('unspecified', '0.0.0.0', 8),
  v6('loopback', [0, 0, 0, 0, 0, 0, 0, 1], 128),
  v6('unspecified', [0, 0, 0, 0, 0, 0, 0, 0], 128),
]

const PRIVATE: readonly Range[] = [
  v4('RFC 1918 private', '10.0.0.0', 8),
  v4('RFC 1918 private', '172.16.0.0', 12),
  v4('RFC 1918 private', '192.168.0.0', 16),
  v6('IPv6 unique-local', [0xfd00], 8),
]

/** Checks everything about a URL that needs no name server. */
export function checkUrl(text: string, settings: GuardSettings): CheckedUrl {
  const url = URL.parse(text)
  if (url === null) return refused('url is not a valid URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refused('url scheme must be http or https')
  if (url.hostname === '') return refused('url has no host')
  if (url.username !== '' || url.password !== '') return refused('url must not carry credentials')
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (host === 'localhost') return { ok: true, url, host: 'localhost' }
  const label = blockedRange(host, settings)
  if (label !== undefined) return refused(blockedAddress(label))
  return { ok: true, url, host: addressBytes(host) === undefined ? 'name' : 'literal' }
}

/**
 * Why a name's addresses are refused, or undefined when all may be called. A name without addresses is
 * refused.
 */
export function refusedAddress(addresses: readonly string[], settings: GuardSettings): string | undefined {
  if (addresses.length === 0) return 'url host does not resolve'
  for (const address of addresses) {
    if (addressBytes(address) === undefined) return 'url host resolves to something that is not an address'
    const label = blockedRange(address, settings)
    if (label !== undefined) return blockedAddress(label)
  }
  return undefined
}

/** The label of the blocked range an address lies in; undefined when it lies in none or is not an address. */
export function blockedRange(address: string, settings: GuardSettings): string | undefined {
  const bytes = addressBytes(address)
  if (bytes === undefined) return undefined
  const ranges = [
    ...ALWAYS,
    ...(settings.loopbackAllowed ? [] : LOOPBACK),
    ...(settings.deployMode === 'saas' ? [] : PRIVATE),
  ]
  return ranges.find((range) => within(bytes, range))?.label
}

/**
 * The deploy mode by setting, with a warning when the setting is unknown. An unknown value fails closed, to
 * the stricter mode.
 *
 * @param mode the value of MOLECULE_DEPLOY_MODE, in any case and spelling; blanks count as not set.
 * @param orgId the value of MOLECULE_ORG_ID; decides when the mode is not set. Blanks are no organization.
 */
export function deployMode(
  mode: string | undefined,
  orgId: string | undefined,
): { mode: DeployMode; warning?: string } {
  const word = (mode ?? '').replace(/[\s_-]/g, '').toLowerCase()
  if (word === '') return { mode: orgId?.trim() ? 'saas' : 'self-hosted' }
  if (word === 'saas') return { mode: 'saas' }
  if (word === 'selfhosted' || word === 'standalone') return { mode: 'self-hosted' }
  return {
    mode: 'self-hosted',
    warning: `MOLECULE_DEPLOY_MODE is ${JSON.stringify(mode)}; it must be saas or self-hosted (also: standalone). Using self-hosted, the stricter mode.`,
  }
}

function refused(message: string): CheckedUrl {
  return { ok: false, message }
}

function blockedAddress(label: string): string {
  return `url targets a blocked address: ${label}`
}

/** The 4 bytes of an IPv4 address or the 16 of an IPv6 one; an IPv4-mapped address counts as IPv4. */
function addressBytes(text: string): readonly number[] | undefined {
  return v4Bytes(text) ?? v6Bytes(text)
}

function v4Bytes(text: string): readonly number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined
  const bytes = text.split('.').map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function v6Bytes(text: string): readonly number[] | undefined {
  const withoutZone = text.split('%')[0] ?? ''
  if (!withoutZone.includes(':')) return undefined
  const parsed = URL.parse(`http://[${withoutZone}]`)
  if (parsed === null) return undefined
  const [head = '', tail] = parsed.hostname.slice(1, -1).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0')
  const bytes = [...left, ...zeros, ...right].flatMap((group) => {
    const word = Number.parseInt(group, 16)
    return [word >> 8, word & 0xff]
  })
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  return mapped ? bytes.slice(12) : bytes
}

function within(bytes: readonly number[], range: Range): boolean {
  if (bytes.length !== range.prefix.length) return false
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = 0xff & (0xff00 >> Math.min(8, range.bits - bit))
    if (((bytes[bit / 8] ?? 0) & mask) !== ((range.prefix[bit / 8] ?? 0) & mask)) return false
  }
  return true
}

function v4(label: string, address: string, bits: number): Range {
  return { label, prefix: address.split('.').map(Number), bits }
}

function v6(label: string, words: readonly number[], bits: number): Range {
  const padded = [...words, ...new Array<number>(8 - words.length).fill(0)]
  return { label, prefix: padded.flatMap((word) => [word >> 8, word & 0xff]), bits }
}
