/** Entry point of `./molecule join`, `token` and `invite-code`: connects them to the process. */
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import { homeFolder } from '../../base/home.ts'
import { takeInboxVariables } from '../../base/inbox-variables.ts'
import { runCommand } from './commands.ts'

async function run(
  words: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const [name = '', ...rest] = words
  const program = Bun.which(name)
  if (program === null) return undefined
  // A Ctrl-C in the terminal reaches both; what it means, the program decides.
  process.on('SIGINT', () => undefined)
  const child = Bun.spawn([program, ...rest], {
    env: { ...process.env, ...more },
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  return child.exited
}

// It may run in the shell of a session.
takeInboxVariables(process.env)

process.exit(
  await runCommand({
    argv: process.argv.slice(2),
    environment: process.env,
    home: homeFolder(),
    pluginFolder: fileURLToPath(new URL('../../dist/plugin', import.meta.url)),
    network: fetch,
    clock: systemClock,
    print: (text) => console.log(text),
    complain: (text) => console.error(text),
    run,
  }),
)
