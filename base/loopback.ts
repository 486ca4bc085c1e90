/**
 * Whether a host is this machine: only there is `http` allowed, and no proxy in between.
 *
 * @param hostname as `URL` gives it, which normalizes every spelling of an IPv4 address to dotted form.
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
