/**
 * The command `./molecule platform`: reads the command line, opens the file, prints how to join, and stops
 * cleanly.
 */
import { engines } from '../package.json'
import { type Arguments, HELP, parseArguments } from './arguments.ts'
import { systemClock } from './base/clock.ts'
import { LineOutput } from './base/line-output.ts'
import { newSecret, systemRandom } from './base/random.ts'
import { errorText } from './base/text.ts'
import { databasePath, prepareFile } from './database-path.ts'
import { firstGreeting, laterGreeting, reachableUrl } from './greeting.ts'
import type { RequestRecord } from './http/front.ts'
import { localUrl, removeOperatorFile, writeOperatorFile } from './operator-file.ts'
import { type RunningPlatform, startPlatform } from './platform.ts'
import { explainFailure } from './start-failure.ts'
import { MEMORY } from './store/database.ts'

/** The exit code for a wrong command line. */
const USAGE = 2

/** For the programs of this user, and for this start alone. */
const operatorKey = newSecret(systemRandom)
const stderr = new LineOutput(process.stderr)
const stdout = new LineOutput(process.stdout, () =>
  stderr.write(
    'Cannot write to stdout, so the chat link is lost. Stop the platform and start it where it can print.',
  ),
)

const parsed = parseArguments(process.argv.slice(2), process.env)
if (parsed.kind === 'help') stdout.write(HELP.trimEnd())
else if (parsed.kind === 'invalid') fail(`${parsed.message} See ./molecule platform --help.`, USAGE)
// An older one sends what is meant for an agent on this machine through a proxy.
else if (!Bun.semver.satisfies(Bun.version.replace(/-.*/, ''), engines.bun)) fail(tooOld())
else await run(parsed.arguments)

async function run(chosen: Arguments): Promise<void> {
  const started = await start(chosen)
  if (started === undefined) return
  const { platform, db } = started
  const members = platform.members()
  const running = {
    url: reachableUrl(platform.url),
    adminToken: platform.adminToken,
    db,
    joinOptions: joinOptions(chosen, db),
  }
  const text =
    members.length === 0 ? firstGreeting(running, platform.createTeam()) : laterGreeting(running, members)
  const operator = { url: localUrl(platform.url), key: operatorKey }
  attempt('./molecule join cannot find this platform', () => writeOperatorFile(db, operator))
  const stop = () => {
    // While the database is still held: the next platform on it writes a file of its own.
    attempt('the file of the operator stays', () => removeOperatorFile(db))
    void platform.stop().finally(() => process.exit(0))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  stdout.write(text)
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
      operatorKey,
      clock: systemClock,
      contract: chosen.contract,
      rateLimit: chosen.rateLimit,
      allowedHosts: chosen.allowedHosts,
      ...(chosen.adminToken === undefined ? {} : { adminToken: chosen.adminToken }),
      ...(chosen.staleAfterMs === undefined ? {} : { staleAfterMs: chosen.staleAfterMs }),
      ...(chosen.provisionTimeoutMs === undefined ? {} : { provisionTimeoutMs: chosen.provisionTimeoutMs }),
      log: stderr.write,
      environment: process.env,
      ...(chosen.requestLog ? { requestLog: writeRecord } : {}),
    })
    return { platform, db }
  } catch (error) {
    fail(explainFailure(error, chosen))
    return undefined
  }
}

function joinOptions({ db: given }: Arguments, db: string): string | undefined {
  if (db === MEMORY) return undefined
  return given === undefined ? '' : ` --db ${JSON.stringify(db)}`
}

/** Does what the platform can do without. */
function attempt(otherwise: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    stderr.write(`${otherwise}: ${errorText(error)}`)
  }
}

function writeRecord(record: RequestRecord): void {
  stderr.write(JSON.stringify(record))
}

function tooOld(): string {
  const needed = engines.bun.replace('>=', '')
  return `The platform needs Bun ${needed} or newer, but was started with Bun ${Bun.version}: run \`bun upgrade\`, or start it with ./molecule platform.`
}

function fail(message: string, exitCode = 1): void {
  stderr.write(`molecule platform: ${message}`)
  process.exitCode = exitCode
}
