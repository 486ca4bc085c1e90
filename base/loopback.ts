/**
 * Whether a host is this machine: only there `http` is allowed, and no proxy stands between.
 *
 * @param hostname as `URL` gives it, which has brought every spelling of an IPv4 address into the dotted form.
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
