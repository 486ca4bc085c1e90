/** Entry point of `molecule connect`: connects it to the process. */
import { takeInboxVariables } from '../base/inbox-variables.ts'
import '../base/no-jit.ts'
import { systemClock } from '../base/clock.ts'
import { homeFolder } from '../base/home.ts'
import { systemDiskWith } from '../base/sqlite.ts'
import { tcp } from '../base/tcp.ts'
import { onThreads } from '../base/thread.ts'
import { stoppedOf } from '../member/folder/stopped-process.ts'
import { threadProgram } from '../member/ledger/thread-program.ts'
import { version } from '../package.json'
import { MODULE_HOST, serveModule } from './backend/module-host.ts'
import { connect } from './connect.ts'

const argv = process.argv.slice(2)
/** A program that only passes a notice on takes no longer. */
const RUN_MS = 10_000

// It may run in the shell of a session.
takeInboxVariables(process.env)

if (argv[0] === MODULE_HOST) await serveModule(argv.slice(1))
else {
  const exitCode = await connect({
    argv,
    environment: process.env,
    home: homeFolder(),
    folder: process.cwd(),
    program: [process.execPath, '--no-env-file', process.argv[1] ?? ''],
    version,
    clock: systemClock,
    network: fetch,
    connectTo: tcp(systemClock),
    disk: systemDiskWith(onThreads(threadProgram)),
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin),
    stoppedOf,
    print: (text) => console.log(text),
    complain: (line) => console.error(line),
    run: async (words) => {
      const child = Bun.spawn([...words], {
        env: process.env,
        stdio: ['ignore', 'ignore', 'ignore'],
        timeout: RUN_MS,
      })
      const exitCode = await child.exited
      if (exitCode !== 0) throw new Error(`${words[0]} ended with exit code ${exitCode}`)
    },
    onSignal: (stop) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop(name))
    },
  })
  process.exit(exitCode)
}
