/** The address of a platform: which ones are safe for a token, and what to write instead of the others. Pure. */

import * as z from 'zod'
import { isLoopback } from '../../base/loopback.ts'

/** Names and addresses that lead to this machine, and that nothing here can tell from those of others. */
const THIS_MACHINE =
  /^(?:0\.0\.0\.0|\[::\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]|localhost\.|localhost\.localdomain|localhost[46]|ip6-(?:localhost|loopback))$/
/** As seen from a container: its host, another container, or a machine of the same network. */
const NEARBY =
  /^(?:[^.[]+|.*\.(?:internal|local|lan|localdomain)|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|169\.254\.[\d.]+|\[f[cde][0-9a-f:]+\])$/

export const platformUrlSchema = z
  .string()
  .max(2_048, 'must be at most 2048 characters long: give the base URL of the platform')
  .refine(isUrl, 'must be an absolute URL without white space, such as https://platform.example.com')
  .refine(isHttp, 'must begin with https:// (or http:// on this machine): correct the scheme')
  .refine(isSafe, { error: ({ input }) => unsafe(String(input)) })
  .transform(normaliseUrl)

// The URL parser silently drops tabs and line breaks, so check for them first.
function isUrl(value: string): boolean {
  return !/[\s\p{Cc}]/u.test(value) && URL.canParse(value)
}

function isHttp(value: string): boolean {
  return !isUrl(value) || /^https?:$/.test(new URL(value).protocol)
}

function isSafe(value: string): boolean {
  if (!isUrl(value)) return true
  const { protocol, hostname } = new URL(value)
  return protocol !== 'http:' || isLoopback(hostname)
}

function unsafe(value: string): string {
  const { hostname, port, pathname } = new URL(value)
  if (THIS_MACHINE.test(hostname)) {
    const own = `http://127.0.0.1${port === '' ? '' : `:${port}`}${pathname.replace(/\/+$/, '')}`
    return `must use https://, or name this machine by its address: write ${own}`
  }
  const clear = 'must use https://, since http:// sends the token in the clear'
  return NEARBY.test(hostname)
    ? `${clear}: correct it, or, in a container, forward a port of 127.0.0.1 to it ("From a container" in the README)`
    : `${clear} and is allowed on this machine only: correct it`
}

function normaliseUrl(value: string): string {
  const { origin, pathname } = new URL(value)
  return origin + pathname.replace(/\/+$/, '')
}

/** Whether it has parts that are not used, each of which can hold a secret. */
export function hasExtras(value: string): boolean {
  const { username, password, search, hash } = new URL(value)
  return [username, password, search, hash].some((part) => part !== '')
}
