/**
 * The command `./molecule platform`: reads the command line, opens the file, prints how to join, and stops
 * cleanly.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Arguments, HELP, parseArguments } from './arguments.ts'
import { systemClock } from './base/clock.ts'
import { errorText } from './base/text.ts'
import { firstGreeting, laterGreeting, reachableUrl } from './greeting.ts'
import type { RequestRecord } from './http/front.ts'
import { type RunningPlatform, startPlatform } from './platform.ts'
import { portHolder } from './port-holder.ts'
import { DatabaseRefused } from './store/database.ts'

const parsed = parseArguments(process.argv.slice(2), process.env)
if (parsed.kind === 'help') process.stdout.write(HELP)
else if (parsed.kind === 'invalid') fail(parsed.message)
else await run(parsed.arguments)

async function run(chosen: Arguments): Promise<void> {
  const db = chosen.db ?? defaultDatabase()
  const platform = await start(chosen, db)
  if (platform === undefined) return
  const members = platform.members()
  const running = { url: reachableUrl(platform.url), adminToken: platform.adminToken, db }
  const text =
    members.length === 0 ? firstGreeting(running, platform.createTeam()) : laterGreeting(running, members)
  const stop = () => void platform.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.stdout.write(`${text}\n`)
}

async function start(chosen: Arguments, db: string): Promise<RunningPlatform | undefined> {
  try {
    prepareFile(db)
    return await startPlatform({
      port: chosen.port,
      host: chosen.host,
      db,
      clock: systemClock,
      contract: chosen.contract,
      rateLimit: chosen.rateLimit,
      allowedHosts: chosen.allowedHosts,
      ...(chosen.adminToken === undefined ? {} : { adminToken: chosen.adminToken }),
      ...(chosen.staleAfterMs === undefined ? {} : { staleAfterMs: chosen.staleAfterMs }),
      log: (line) => process.stderr.write(`${line}\n`),
      environment: process.env,
      ...(chosen.requestLog ? { requestLog: writeRecord } : {}),
    })
  } catch (error) {
    fail(explain(error, chosen, db))
    return undefined
  }
}

function writeRecord(record: RequestRecord): void {
  process.stderr.write(`${JSON.stringify(record)}\n`)
}

function explain(error: unknown, chosen: Arguments, db: string): string {
  if (error instanceof DatabaseRefused) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return portTaken(chosen.port)
  }
  if (code === 'EACCES' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'EROFS') {
    return `The database ${db} cannot be created (${code}); name another file with --db.`
  }
  return `The platform could not start: ${errorText(error)}`
}

function portTaken(port: number): string {
  const holder = portHolder(port)
  const another = port < 65_535 ? port + 1 : 0
  if (holder === undefined) {
    return `Port ${port} is in use. Stop the program that uses it, or choose another with --port, such as --port ${another}.`
  }
  const who = holder.isPlatform ? 'another Molecule platform' : holder.name
  return `Port ${port} is in use by ${who} (process ${holder.pid}). Stop it, or choose another port, such as --port ${another}.`
}

function defaultDatabase(): string {
  const data = process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share')
  return join(data, 'molecule-platform', 'platform.db')
}

/**
 * The file holds everyone's messages, so only its owner may read it. SQLite gives its side files the same
 * mode.
 */
function prepareFile(path: string): void {
  if (path === ':memory:' || existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
