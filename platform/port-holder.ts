/** Which program listens on a TCP port of this machine, for the sentence that says why the port is taken. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTENING = '0A'
const PLATFORM_COMMAND = /platform\/main\.ts/

interface PortHolder {
  readonly pid: number
  /** The program's name. Never its arguments, which may hold a token. */
  readonly name: string
  readonly isPlatform: boolean
}

/**
 * @returns undefined when it cannot be told: the program belongs to another user, or the system has neither `/proc`
 *   nor `lsof`.
 */
export function portHolder(port: number): PortHolder | undefined {
  try {
    return process.platform === 'linux' ? fromProc(port) : fromLsof(port)
  } catch {
    return undefined // The sentence does without a name.
  }
}

function fromProc(port: number): PortHolder | undefined {
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port))
  if (sockets.length === 0) return undefined
  const links = new Set(sockets.map((inode) => `socket:[${inode}]`))
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && holdsOne(entry, links))
  if (pid === undefined) return undefined
  const [name = '', ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return described(Number(pid), name, rest.join(' '))
}

function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter(([, local = '', , state]) => local.endsWith(`:${wanted}`) && state === LISTENING)
    .flatMap((fields) => fields[9] ?? [])
}

function holdsOne(pid: string, links: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => links.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false // It has ended, or belongs to another user.
  }
}

function fromLsof(port: number): PortHolder | undefined {
  const listed = output(['lsof', '-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp'])
  const pid = /^p(\d+)$/m.exec(listed)?.[1]
  if (pid === undefined) return undefined
  const command = output(['ps', '-o', 'command=', '-p', pid]).trim()
  return described(Number(pid), command.split(' ')[0] ?? '', command)
}

function output(command: readonly string[]): string {
  // It may run in the shell of a Claude Code session, whose secrets are not for other programs.
  const env = { PATH: process.env.PATH }
  return Bun.spawnSync([...command], { env, stdout: 'pipe', stderr: 'ignore' }).stdout.toString()
}

function described(pid: number, program: string, rest: string): PortHolder {
  const name = (program.split('/').at(-1) ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 60)
  return { pid, name, isPlatform: PLATFORM_COMMAND.test(rest) }
}
