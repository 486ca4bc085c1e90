/** A platform in a process of its own, so that it can be killed, and measured apart from its load. */
import { join } from 'node:path'
import { PLUGIN_ROOT } from './plugin-command.ts'

const ADMIN_TOKEN = 'operator-token-of-the-lab'

export interface PlatformProcess {
  readonly url: string
  readonly adminToken: string
  readonly pid: number
  /** What it printed once it had started. */
  readonly greeting: string
  /** Null while it runs. */
  readonly exitCode: () => number | null
  /** Ends it in order. Resolves with the exit code. */
  readonly stop: () => Promise<number>
  /** Ends it without warning. */
  readonly kill: () => Promise<number>
}

/**
 * @param db path of its file.
 * @param port 0 takes a free one.
 * @throws Error when it does not start, as when the port is taken.
 */
export async function startPlatformProcess(db: string, port = 0): Promise<PlatformProcess> {
  const main = join(PLUGIN_ROOT, 'platform/main.ts')
  const argv = ['--port', String(port), '--db', db, '--rate-limit', '0']
  const env = { ...process.env, MOLECULE_ADMIN_TOKEN: ADMIN_TOKEN }
  const child = Bun.spawn([process.execPath, main, ...argv], { stdout: 'pipe', stderr: 'inherit', env })
  let greeting = ''
  for await (const chunk of child.stdout) {
    greeting += Buffer.from(chunk).toString('utf8')
    if (greeting.includes('Stop with')) break
  }
  const url = /^Platform: +(\S+)$/m.exec(greeting)?.[1]
  if (url === undefined) throw new Error('the platform did not start')
  const end = (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal)
    return child.exited
  }
  return {
    url,
    adminToken: ADMIN_TOKEN,
    pid: child.pid,
    greeting,
    exitCode: () => child.exitCode,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
