/** Whether the platform on this machine is alone on its port: with two servers there, either may get a request. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isLoopback } from '../../base/loopback.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

interface Listener {
  /** As the kernel writes it: the bytes of the address in hexadecimal. */
  readonly address: string
  /** Undefined where it cannot be seen. */
  readonly pid: number | undefined
}

/** Of /proc/net/tcp: 127.0.0.1 and any, for IPv4, IPv6 and IPv4 in IPv6. */
const LOOPBACK = ['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F']
const ANY = ['00000000', '00000000000000000000000000000000']
const LISTENING = '0A'

/** @param readTable the text of /proc/net/tcp or tcp6; undefined where there is none. */
export function portCheck(
  platformUrl: string,
  suffix: string,
  readTable: (name: 'tcp' | 'tcp6') => string | undefined = readProc,
): Check | undefined {
  const { hostname, port, protocol } = new URL(platformUrl)
  if (!isLoopback(hostname)) return undefined
  const number = Number(port) || (protocol === 'https:' ? 443 : 80)
  return {
    name: `port${suffix}`,
    needs: [`platform${suffix}`],
    probe: () => {
      const tables = [readTable('tcp'), readTable('tcp6')].filter((table) => table !== undefined)
      return tables.length === 0
        ? ok(`this system does not say who listens on port ${number}`)
        : judgePort(number, hostname, listeners(tables, number))
    },
  }
}

/** Pure. */
function judgePort(port: number, hostname: string, found: readonly Listener[]): Outcome {
  const relevant = found.filter(({ address }) => [...LOOPBACK, ...ANY].includes(address))
  const pids = new Set(relevant.map(({ pid }) => pid))
  // One server may listen at several addresses.
  const isOne = relevant.length < 2 || (pids.size === 1 && !pids.has(undefined))
  if (isOne) return ok(`nothing else listens on port ${port}`)
  const known = [...pids].filter((pid) => pid !== undefined)
  const who = known.length === 0 ? '' : ` (${known.map((pid) => `pid ${pid}`).join(', ')})`
  const addresses = relevant.map(({ address }) => address)
  const isShared = new Set(addresses).size < addresses.length || hostname === 'localhost'
  const remedy = 'End all of them but the platform, or give the platform a port of its own'
  const says = `${relevant.length} servers listen on port ${port}${who}`
  return isShared ? fail(`${says}: either may get a request`, remedy) : warn(says, remedy)
}

/** Who listens on a port, by the kernel's tables. */
function listeners(tables: readonly string[], port: number): readonly Listener[] {
  const rows = tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENING && portIn(local) === port)
  const isAmbiguous = rows.length > 1
  return rows.map((row) => ({
    address: row[1]?.split(':')[0] ?? '',
    pid: isAmbiguous ? ownerOf(row[9] ?? '') : undefined,
  }))
}

function portIn(local: string): number {
  return Number.parseInt(local.split(':')[1] ?? '', 16)
}

/** The process that has a socket open, if this user may see it. */
function ownerOf(inode: string): number | undefined {
  const link = `socket:[${inode}]`
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    if (list(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link)) return Number(pid)
  }
  return undefined
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Of another user, or gone.
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    // Closed in the meantime.
    return undefined
  }
}

function readProc(name: 'tcp' | 'tcp6'): string | undefined {
  try {
    return readFileSync(`/proc/net/${name}`, 'utf8')
  } catch {
    // No such table on this system.
    return undefined
  }
}
