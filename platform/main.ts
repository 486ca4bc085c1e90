/**
 * The command `./molecule platform`: reads the command line, opens the file, prints how to join, and stops
 * cleanly.
 */
import { type Arguments, HELP, parseArguments } from './arguments.ts'
import { systemClock } from './base/clock.ts'
import { databasePath, prepareFile } from './database-path.ts'
import { firstGreeting, laterGreeting, reachableUrl } from './greeting.ts'
import type { RequestRecord } from './http/front.ts'
import { type RunningPlatform, startPlatform } from './platform.ts'
import { explainFailure } from './start-failure.ts'

const parsed = parseArguments(process.argv.slice(2), process.env)
if (parsed.kind === 'help') process.stdout.write(HELP)
else if (parsed.kind === 'invalid') fail(parsed.message)
else await run(parsed.arguments)

async function run(chosen: Arguments): Promise<void> {
  const started = await start(chosen)
  if (started === undefined) return
  const { platform, db } = started
  const members = platform.members()
  const running = { url: reachableUrl(platform.url), adminToken: platform.adminToken, db }
  const text =
    members.length === 0 ? firstGreeting(running, platform.createTeam()) : laterGreeting(running, members)
  const stop = () => void platform.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.stdout.write(`${text}\n`)
}

async function start(
  chosen: Arguments,
): Promise<{ readonly platform: RunningPlatform; readonly db: string } | undefined> {
  try {
    const db = databasePath(chosen.db, process.env.XDG_DATA_HOME)
    prepareFile(db)
    const platform = await startPlatform({
      port: chosen.port,
      host: chosen.host,
      db,
      clock: systemClock,
      contract: chosen.contract,
      rateLimit: chosen.rateLimit,
      allowedHosts: chosen.allowedHosts,
      ...(chosen.adminToken === undefined ? {} : { adminToken: chosen.adminToken }),
      ...(chosen.staleAfterMs === undefined ? {} : { staleAfterMs: chosen.staleAfterMs }),
      ...(chosen.provisionTimeoutMs === undefined ? {} : { provisionTimeoutMs: chosen.provisionTimeoutMs }),
      log: (line) => process.stderr.write(`${line}\n`),
      environment: process.env,
      ...(chosen.requestLog ? { requestLog: writeRecord } : {}),
    })
    return { platform, db }
  } catch (error) {
    fail(explainFailure(error, chosen))
    return undefined
  }
}

function writeRecord(record: RequestRecord): void {
  process.stderr.write(`${JSON.stringify(record)}\n`)
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
