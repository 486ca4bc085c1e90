// A platform in a process of its own, so that its memory and its work are measured apart from the load.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface PlatformProcess {
  readonly url: string
  readonly adminToken: string
  readonly pid: number
  /** Null while it runs. */
  exitCode(): number | null
  /** What it said when it had started. */
  readonly greeting: string
  /** Resident memory in MiB; undefined where the system does not tell. */
  memory(): number | undefined
  /** Ends it in order, and resolves with its exit code when it is gone. */
  stop(): Promise<number>
  /** Ends it without any warning. */
  kill(): Promise<number>
}

/**
 * @param db path of its file.
 * @param port the one to take; 0 for any that is free.
 * @throws when it does not start, as when the port is taken.
 */
export async function startProcess(db: string, port = 0): Promise<PlatformProcess> {
  const adminToken = 'operator-token-of-the-bench'
  const main = join(import.meta.dir, '../../../platform/main.ts')
  const argv = ['--port', String(port), '--db', db, '--rate-limit', '0']
  const env = { ...process.env, MOLECULE_ADMIN_TOKEN: adminToken }
  const child = Bun.spawn([process.execPath, main, ...argv], { stdout: 'pipe', stderr: 'inherit', env })
  let text = ''
  for await (const chunk of child.stdout) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.includes('Stop with')) break
  }
  const url = /^Platform: +(\S+)$/m.exec(text)?.[1]
  if (url === undefined) throw new Error('the platform did not start')
  const end = (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal)
    return child.exited
  }
  return {
    url,
    adminToken,
    pid: child.pid,
    exitCode: () => child.exitCode,
    greeting: text,
    memory: () => residentMib(child.pid),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Number(kib) / 1024
  } catch {
    return undefined // no /proc on this system: the column stays empty
  }
}
