/**
 * The hosts that NO_PROXY lists. A push goes to the address that was checked, where Bun would no longer find
 * the name in that list. Pure.
 */

/**
 * @param list names, separated by commas or blanks: `*` is every host, and `example.com`, also written with a
 *   leading dot or `*.`, is that host and those below it. A port may follow.
 */
export function isListed(list: string, { hostname, port, protocol }: URL): boolean {
  const used = port || (protocol === 'https:' ? '443' : '80')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, name, wanted = used] = /^(?:\*?\.)?([^:]+)(?::(\d+))?$/.exec(entry) ?? []
      if (name === undefined || wanted !== used) return false
      return hostname === name || hostname.endsWith(`.${name}`)
    })
}
