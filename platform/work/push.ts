/**
 * Calling a push-mode agent at its own URL, with every guard of the contract: the address is checked at the
 * moment of the call and the call goes to that very address, so a name cannot change its mind in between.
 */
import { checkUrl, type GuardSettings, refusedAddress } from '../contract/url-guard.ts'

/** Addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>

export const systemResolve: Resolve = async (host) => {
  const { lookup } = await import('node:dns/promises')
  return (await lookup(host, { all: true })).map((entry) => entry.address)
}

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
  /** No answer came in time; the agent may have the message. */
  | { readonly kind: 'silent' }
  /** The agent answered, but its body was lost or too large. */
  | { readonly kind: 'body-lost'; readonly delivered: boolean }

export interface PushRequest {
  readonly url: string
  /** JSON text, or a form as it came. */
  readonly body: string | Buffer<ArrayBuffer>
  readonly contentType: string
  readonly secret: string
  readonly signal: AbortSignal
  readonly maxResponseBytes: number
}

export interface PushSettings {
  readonly guard: GuardSettings
  readonly resolve: Resolve
}

/** Where a URL may be called right now: the checked address, or why not. */
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

/** Sends one request. Redirects are not followed: they would lead past the guard. */
export async function push(request: PushRequest, settings: PushSettings): Promise<PushResult> {
  const route = await routeTo(request.url, settings)
  if ('refusal' in route) return { kind: 'not-routable' }
  try {
    const response = await fetch(pinned(route.url, route.address), {
      method: 'POST',
      headers: {
        'Content-Type': request.contentType,
        Authorization: `Bearer ${request.secret}`,
        Host: route.url.host,
      },
      body: request.body,
      redirect: 'manual',
      signal: request.signal,
      tls: { serverName: route.url.hostname },
    })
    return await readAnswer(response, request.maxResponseBytes)
  } catch {
    return { kind: request.signal.aborted ? 'silent' : 'unreachable' }
  }
}

function pinned(url: URL, address: string | undefined): URL {
  if (address === undefined) return url
  const direct = new URL(url)
  direct.hostname = address.includes(':') ? `[${address}]` : address
  return direct
}

async function readAnswer(response: Response, maxBytes: number): Promise<PushResult> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) return { kind: 'body-lost', delivered: true }
      chunks.push(chunk)
    }
  } catch {
    return { kind: 'body-lost', delivered: response.ok } // the agent has the message; what it said about it is gone
  }
  const contentType = response.headers.get('Content-Type') ?? 'application/json'
  return {
    kind: 'answered',
    status: response.status,
    text: Buffer.concat(chunks).toString('utf8'),
    contentType,
  }
}
