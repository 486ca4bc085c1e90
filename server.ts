/** Entry point: connects the host's pipes, the MCP server and the session, and shuts them down on one path. */
import './base/no-jit.ts'
import { readFileSync } from 'node:fs'
import { systemClock } from './base/clock.ts'
import { stackOf } from './base/errors.ts'
import { homeFolder } from './base/home.ts'
import { systemDiskWith } from './base/sqlite.ts'
import { onThreads } from './base/thread.ts'
import { type Holder, pidSpace } from './member/folder/holder-record.ts'
import { HolderWatch } from './member/folder/holder-watch.ts'
import { Log } from './member/folder/log.ts'
import { stoppedOf } from './member/folder/stopped-process.ts'
import { threadProgram } from './member/ledger/thread-program.ts'
import { setValue } from './member/settings/setting-text.ts'
import { version } from './package.json'
import { hostInbox } from './plugin/host/doorbell/host-inbox.ts'
import { Ancestors } from './plugin/host/hearing/ancestors.ts'
import { hostInput } from './plugin/host/host-input.ts'
import { HostTransport } from './plugin/host/host-transport.ts'
import { createMcpServer } from './plugin/host/mcp-server.ts'
import { Session } from './plugin/session/session.ts'

const log = new Log({ clock: systemClock })

/** Resolves when the line's bytes are in the pipe, as reported by the write callback. */
function writeToHost(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()))
  })
}

const holder: Holder = {
  pid: process.pid,
  startedAt: Math.round(performance.timeOrigin),
  project: setValue(process.env.CLAUDE_PROJECT_DIR) ?? process.cwd(),
  pidSpace: pidSpace(),
}
const ancestors = new Ancestors()
const inbox = hostInbox({
  environment: process.env,
  home: homeFolder(),
  ancestors: ancestors.commands,
  hostPids: ancestors.hostPids,
  clock: systemClock,
})
const session = new Session({
  environment: process.env,
  home: homeFolder(),
  version,
  clock: systemClock,
  network: fetch,
  disk: systemDiskWith(onThreads(threadProgram)),
  log,
  holder,
  ancestors: ancestors.commands,
  write: writeToHost,
  holders: new HolderWatch(systemClock, holder, stoppedOf),
  inbox,
})
const input = hostInput({
  answer: (line) => {
    // Of a pipe that broke, the handler of stdout learns.
    writeToHost(line).catch(() => undefined)
  },
  log: log.warn,
})
const transport = new HostTransport(process.stdin.pipe(input), process.stdout)
const server = createMcpServer({
  clock: systemClock,
  whenSent: transport.whenSent,
  version,
  context: session,
  redact: (text) => log.redact(text),
  onListening: (client) => session.activate(client),
  onPermissionRequest: session.permissions.on ? session.permissions.ask : undefined,
})

/** Slow: the pipes nearly always report the end, and at once. */
const PARENT_INTERVAL_MS = 15_000

/** The current parent; Bun reads `process.ppid` once and caches it. Undefined where the system does not provide it. */
function parentPid(): string | undefined {
  try {
    // After the name, which is in parentheses and may contain anything: state, then the parent's pid.
    return readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[1]
  } catch {
    // No /proc on this system: rely on the pipes alone.
    return undefined
  }
}

let stopping = false
function shutDown(reason: string): void {
  if (stopping) return
  stopping = true
  try {
    log.debug(`stops: ${reason}`)
    session.stop()
    session.close()
  } finally {
    // Whatever fails here, a program without a host must not stay.
    process.exit(0)
  }
}

// Attached in the first tick: a later listener would miss what the host wrote before.
const connected = server.connect(transport)

process.stdin.on('end', () => shutDown('end of input'))
process.stdin.on('close', () => shutDown('input closed'))
process.stdin.on('error', () => shutDown('the input failed'))
process.stdout.on('error', () => shutDown('the host reads no more'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => shutDown(signal))
// The other children of a killed host inherit its end of the pipes, so end of input may never arrive.
const parent = parentPid()
setInterval(() => {
  if (parentPid() !== parent) shutDown('the host is gone')
}, PARENT_INTERVAL_MS)
server.onerror = (error) => log.warn(`protocol: ${error.message}`)
server.onclose = () => shutDown('transport closed')
// Neither may throw: its error would come back to it.
process.on('uncaughtException', (error: unknown) => log.error(`unexpected: ${stackOf(error)}`))
process.on('unhandledRejection', (error) => log.error(`unexpected rejection: ${stackOf(error)}`))

await connected
