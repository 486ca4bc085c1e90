/** Requests of the lab. What it drives runs on this machine, and a proxy would get the tokens. */
import { transport } from '../../base/http.ts'

/** `fetch`, whatever proxy the environment names. Follows no redirect. */
export function directFetch(url: string, init: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(url, { ...transport(url), decompress: true, ...init })
}
