/** Which proxy the environment gives a request. Pure. */
import { mayUseProxy } from './http.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface ProxyRoute {
  /** The variable that names it. */
  readonly variable: string
  /** Without user info, which can hold a secret. */
  readonly address: string
  readonly host: string
  readonly port: number
}

/** In the order in which Bun reads them. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const

/** @returns undefined when the request goes directly, or the variable names no address. */
export function proxyOf(url: string, environment: Environment): ProxyRoute | undefined {
  if (!mayUseProxy(url) || isExcepted(new URL(url), environment)) return undefined
  const variable = VARIABLES.find((name) => (environment[name] ?? '') !== '')
  const address = variable === undefined ? '' : (environment[variable] ?? '')
  if (variable === undefined || !URL.canParse(address)) return undefined
  const { protocol, hostname, port } = new URL(address)
  const number = Number(port) || (protocol === 'https:' ? 443 : 80)
  return {
    variable,
    address: `${protocol}//${hostname}:${number}`,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: number,
  }
}

function isExcepted({ hostname, port }: URL, environment: Environment): boolean {
  const list = environment.no_proxy || environment.NO_PROXY || ''
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const [name = '', only] = entry.replace(/^\*?\./, '').split(':', 2)
      if (only !== undefined && only !== (port || '443')) return false
      return hostname === name || hostname.endsWith(`.${name}`)
    })
}
