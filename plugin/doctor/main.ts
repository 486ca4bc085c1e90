/** Entry point of `./molecule doctor`: connects it to the process. */

import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import { homeFolder } from '../../base/home.ts'
import { takeInboxVariables } from '../../base/inbox-variables.ts'
import { systemDisk } from '../../base/sqlite.ts'
import { tcp } from '../../base/tcp.ts'
import { pidSpace } from '../../member/folder/holder-record.ts'
import { HolderWatch } from '../../member/folder/holder-watch.ts'
import { stoppedOf } from '../../member/folder/stopped-process.ts'
import { engines, version } from '../../package.json'
import { managedSettingsFile } from '../host/hearing/claude-settings.ts'
import { doctor } from './doctor.ts'
import type { FoundProgram } from './program-checks.ts'

// It may run in the shell of a session.
takeInboxVariables(process.env)

/** A program that says its version takes far less. */
const VERSION_MS = 10_000

async function find(name: string, PATH: string): Promise<FoundProgram | undefined> {
  const path = Bun.which(name, { PATH })
  if (path === null) return undefined
  try {
    const child = Bun.spawn([path, '--version'], {
      env: { ...process.env, PATH },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      timeout: VERSION_MS,
    })
    const [text, exitCode] = await Promise.all([child.stdout.text(), child.exited])
    return { path, version: exitCode === 0 ? /\d+\.\d+\.\d+\S*/.exec(text)?.[0] : undefined }
  } catch {
    // Not a program of this machine.
    return { path, version: undefined }
  }
}

const holder = { pid: process.pid, startedAt: systemClock.now(), project: '', pidSpace: pidSpace() }
process.exit(
  await doctor({
    argv: process.argv.slice(2),
    environment: process.env,
    home: homeFolder(),
    project: process.cwd(),
    managedSettings: managedSettingsFile(process.platform),
    root: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
    version,
    bunRange: engines.bun,
    clock: systemClock,
    network: fetch,
    disk: systemDisk,
    holders: new HolderWatch(systemClock, holder, stoppedOf),
    connectTo: tcp(systemClock),
    find,
    print: (text) => console.log(text),
  }),
)
