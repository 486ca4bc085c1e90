/**
 * Calls a push-mode agent at its own URL, with every guard of the contract. The address is checked at the
 * moment of the call, and the call goes to that very address, so the name cannot resolve to another one in
 * between.
 */
import { lookup } from 'node:dns/promises'
import { isListed } from '../contract/no-proxy.ts'
import { checkUrl, type GuardSettings, refusedAddress } from '../contract/url-guard.ts'
import { isLoopback } from '../http/origin.ts'

/** Returns the addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>

export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address)

export type PushResult =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly text: string
      readonly contentType: string
    }
  /** Nothing was sent. */
  | { readonly kind: 'not-routable' }
  | { readonly kind: 'unreachable' }
  /** No answer came in time, or the connection broke; the agent may have the message. */
  | { readonly kind: 'silent' }
  /** The agent answered, but its body was lost or too large. */
  | { readonly kind: 'body-lost'; readonly delivered: boolean }

export interface PushRequest {
  readonly url: string
  /** JSON text, or a form as it arrived. */
  readonly body: string | Buffer<ArrayBuffer>
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
  readonly secret: string
  readonly signal: AbortSignal
  readonly maxResponseBytes: number
  /** Called as the answer arrives. */
  readonly onBytes?: () => void
}

export interface PushSettings {
  readonly guard: GuardSettings
  /** As the environment has it: the hosts to reach without a proxy. */
  readonly noProxy?: string | undefined
  readonly resolve: Resolve
}

/** Where a URL leads right now: the checked address, or why it must not be called. */
export async function routeTo(
  text: string,
  settings: PushSettings,
): Promise<{ readonly url: URL; readonly address: string | undefined } | { readonly refusal: string }> {
  const checked = checkUrl(text, settings.guard)
  if (!checked.ok) return { refusal: checked.message }
  if (checked.host !== 'name') return { url: checked.url, address: undefined }
  const addresses = await settings.resolve(checked.url.hostname).catch(() => [])
  const refusal = refusedAddress(addresses, settings.guard)
  return refusal === undefined ? { url: checked.url, address: addresses[0] } : { refusal }
}

/** Sends one request. It follows no redirect, since a redirect would lead past the guard. */
export async function push(request: PushRequest, settings: PushSettings): Promise<PushResult> {
  const route = await Promise.race([routeTo(request.url, settings), aborted(request.signal)])
  if (route === undefined) return { kind: 'unreachable' }
  if ('refusal' in route) return { kind: 'not-routable' }
  const target = pinned(route.url, route.address)
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: {
        'Content-Type': request.contentType,
        Authorization: `Bearer ${request.secret}`,
        Host: route.url.host,
        ...request.headers,
      },
      body: request.body,
      redirect: 'manual',
      signal: request.signal,
      // Against Bun's own limit of 300 s without a byte: an agent may work in silence for longer.
      timeout: false,
      ...transport(target, isListed(settings.noProxy ?? '', route.url)),
      tls: { serverName: route.url.hostname, rejectUnauthorized: true },
    })
    return await readAnswer(response, request)
  } catch (error) {
    // A connection that broke later may have carried the message.
    return { kind: isNotConnected(error) ? 'unreachable' : 'silent' }
  }
}

/**
 * Bun prints no request, whatever the environment says, and no proxy reads the secret: a request over plain
 * `http` goes to none, nor does any to this machine, which a proxy could not reach. Over `https` a proxy
 * carries only a tunnel, and the environment decides.
 *
 * @param target with the address that was checked as its host.
 * @param isExempt whether NO_PROXY lists the host by its name.
 */
export function transport(
  { protocol, hostname }: URL,
  isExempt: boolean,
): Pick<BunFetchRequestInit, 'verbose' | 'proxy'> {
  const isHere = isLoopback(hostname.replace(/^\[|\]$/g, ''))
  const isTunnelled = protocol === 'https:' && !isHere && !isExempt
  return { verbose: false, ...(isTunnelled ? {} : { proxy: false }) }
}

/** Errors of Bun's network that come before the first byte is sent. */
const NOT_CONNECTED =
  /^(?:ECONNREFUSED|ConnectionRefused|FailedToOpenSocket|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EPROTO|CERT_.*|ERR_TLS_.*|UNABLE_TO_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*)$/

function isNotConnected(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && NOT_CONNECTED.test(code)
}

/** Resolves when the signal aborts. A resolver takes no signal, and may take long. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

function pinned(url: URL, address: string | undefined): URL {
  if (address === undefined) return url
  const direct = new URL(url)
  direct.hostname = address.includes(':') ? `[${address}]` : address
  return direct
}

async function readAnswer(
  response: Response,
  { maxResponseBytes, onBytes }: Pick<PushRequest, 'maxResponseBytes' | 'onBytes'>,
): Promise<PushResult> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      onBytes?.()
      if (size > maxResponseBytes) return { kind: 'body-lost', delivered: true }
      chunks.push(chunk)
    }
  } catch {
    return { kind: 'body-lost', delivered: response.ok } // The agent has the message; its answer is gone.
  }
  const contentType = response.headers.get('Content-Type') ?? 'application/json'
  return {
    kind: 'answered',
    status: response.status,
    text: Buffer.concat(chunks).toString('utf8'),
    contentType,
  }
}
