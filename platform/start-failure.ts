/** Why the platform could not start, as one sentence with the remedy. */
import type { Arguments } from './arguments.ts'
import { errorText } from './base/text.ts'
import { portHolder } from './port-holder.ts'
import { DatabaseInUse, DatabaseRefused } from './store/database.ts'

/** Ports below this one are the superuser's on most systems. */
const FIRST_FREE_PORT = 1024

export function explainFailure(error: unknown, { port, host }: Pick<Arguments, 'port' | 'host'>): string {
  if (error instanceof DatabaseInUse) return `${error.message}${whereItListens(port)}`
  if (error instanceof DatabaseRefused) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return portTaken(port)
  if (code === 'EACCES' && port < FIRST_FREE_PORT) {
    return `This user may not listen on port ${port}; choose one above ${FIRST_FREE_PORT - 1} with --port.`
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL') {
    return `The platform cannot listen on ${host} (${code}); name an address of this machine with --host.`
  }
  return `The platform could not start: ${errorText(error)}`
}

/** Most often, the platform that uses the file is also the one at the port that was asked for. */
function whereItListens(port: number): string {
  const holder = portHolder(port)
  return holder?.isPlatform ? ` Process ${holder.pid} is a platform that listens on port ${port}.` : ''
}

function portTaken(port: number): string {
  const holder = portHolder(port)
  const another = port < 65_535 ? port + 1 : 0
  const remedy = `choose another port, such as --port ${another}.`
  if (holder === undefined) return `Port ${port} is in use. Stop the program that uses it, or ${remedy}`
  const who = holder.isPlatform ? 'another Molecule platform' : holder.name
  return `Port ${port} is in use by ${who} (process ${holder.pid}). Stop it, or ${remedy}`
}
