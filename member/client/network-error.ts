/** What an error of the network layer means, in words that tell the reader where to look. */
import { codeOf } from '../../base/errors.ts'
import type { ProxyRoute } from '../../base/proxy.ts'

const NOBODY = 'nothing listens there; is the platform running?'
const NOT_HTTP = 'what answers there does not speak HTTP; check the port'
const UNTRUSTED =
  'its certificate is not signed by an authority this machine trusts; if it is your own, name its file in NODE_EXTRA_CA_CERTS'

/** By the codes of Bun and of the system. Bun has had two names for some of them. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: NOBODY,
  ConnectionRefused: NOBODY,
  ECONNRESET: 'the connection was closed before the answer came',
  ConnectionClosed: 'the connection was closed before the answer came',
  ENOTFOUND: 'no host has this name; check its spelling, and the network',
  EAI_AGAIN: 'its name cannot be looked up now; is the network up?',
  ENETUNREACH: 'there is no route to it; is the network up?',
  EHOSTUNREACH: 'there is no route to it; is the network up?',
  ERR_PROXY_TUNNEL:
    'the proxy in HTTPS_PROXY or ALL_PROXY refused to forward the request; to reach the host directly, list it in NO_PROXY',
  UnsupportedProxyProtocol:
    'HTTPS_PROXY or ALL_PROXY names a kind of proxy that Bun does not support; use an http:// proxy, or list the host in NO_PROXY',
  EPROTO: 'it does not speak TLS on this port; check the scheme and the port',
  Malformed_HTTP_Response: NOT_HTTP,
  InvalidContentLength: NOT_HTTP,
  InvalidHTTPResponse: NOT_HTTP,
  ResponseHeadersTooLarge: NOT_HTTP,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is this machine's clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

/** A request that goes through a proxy connects to nothing else: these are about the proxy. */
const CONNECTING: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ConnectionRefused',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
])

/**
 * @param proxy the one that the request went through, if any.
 * @returns undefined for an error that is not in the table: its own message says more.
 */
export function explainNetworkError(error: unknown, proxy: ProxyRoute | undefined): string | undefined {
  const code = codeOf(error)
  if (code === undefined || !Object.hasOwn(WORDS, code)) return undefined
  if (proxy === undefined || !CONNECTING.has(code)) return WORDS[code]
  const { address, variable } = proxy
  return `the proxy ${address} of ${variable} does not answer; correct or unset ${variable}, or list the host in NO_PROXY`
}
