/** `molecule connect`: from a command line to an exit code. */
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/sqlite.ts'
import { PlatformClient } from '../member/client/client.ts'
import { Configuration } from '../member/folder/configuration.ts'
import { pidSpace } from '../member/folder/holder-record.ts'
import { HolderWatch } from '../member/folder/holder-watch.ts'
import { Log } from '../member/folder/log.ts'
import { statePaths } from '../member/folder/state-folder.ts'
import type { Stopped } from '../member/folder/stopped-process.ts'
import { resolveStateDir } from '../member/settings/config.ts'
import { type Environment, setValue } from '../member/settings/setting-text.ts'
import { type Backend, OptionError } from './backend/backend.ts'
import { buildBackend } from './backend/backends.ts'
import { withoutSecrets } from './backend/child-environment.ts'
import { type CommandLine, DEFAULTS, HELP, parseCommandLine, usage } from './command-line.ts'
import { Ending, EXIT, type ExitCode } from './exit-code.ts'
import { Runner, type RunnerOptions } from './runner.ts'
import { chosenConfig, environmentFor } from './targets.ts'
import { readTokenFile } from './token-file.ts'

export interface ConnectOptions {
  readonly argv: readonly string[]
  readonly environment: Environment
  /** Undefined when there is none. */
  readonly home: string | undefined
  readonly version: string
  readonly clock: Clock
  readonly network: typeof fetch
  readonly disk: Disk
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly stoppedOf: (pid: number) => Stopped | undefined
  readonly print: (text: string) => void
  readonly complain: (line: string) => void
  /** Calls `stop` for each signal that ends a program. */
  readonly onSignal: (stop: (name: string) => void) => void
}

/** Never rejects with anything but an unforeseen error. */
export async function connect(options: ConnectOptions): Promise<ExitCode> {
  const { complain } = options
  try {
    const { exitCode, message } = await carryOut(options)
    if (exitCode !== EXIT.ended) complain(`molecule connect: ${message}`)
    return exitCode
  } catch (error) {
    if (!(error instanceof Ending || error instanceof OptionError)) throw error
    complain(`molecule connect: ${error.message}`)
    return error instanceof Ending ? error.exitCode : EXIT.usage
  }
}

async function carryOut(options: ConnectOptions): Promise<Ending> {
  const { argv, environment, version, print, complain, onSignal } = options
  const parsed = parseCommandLine(argv, environment)
  if (parsed.kind !== 'run') {
    print(parsed.kind === 'help' ? HELP.trimEnd() : version)
    return new Ending(EXIT.ended, parsed.kind)
  }
  const { line } = parsed
  const prepared = prepare(line, options)
  const backend = await buildBackend(line.backend, line.backendOptions, prepared.program)
  if (line.dryRun) {
    for (const { workspaceId, platformUrl } of prepared.config.targets) {
      complain(`workspace=${workspaceId} backend=${backend.name} mode=poll platform=${platformUrl}`)
    }
    await backend.close()
    return new Ending(EXIT.ended, 'nothing was started')
  }
  const runner = new Runner(runnerOptions(options, line, backend, prepared))
  onSignal((name) => runner.stop(`ended by ${name}`))
  const ending = await runner.run()
  prepared.log.info(ending.message)
  return ending
}

type Prepared = ReturnType<typeof prepare>

/** Reads what the command line and the configuration say, and checks it. @throws Ending */
function prepare(line: CommandLine, { environment: outer, home, clock, complain }: ConnectOptions) {
  const token = givenToken(line, outer)
  const environment = environmentFor(outer, line, token)
  const writeJson = (message: string, level: string): void => complain(JSON.stringify({ level, message }))
  const log = new Log({ clock, ...(line.json ? { write: writeJson } : {}) })
  const paths = statePaths(resolveStateDir(environment, home))
  const { envFile } = paths
  const { result } = new Configuration({ environment, home, envFile, log, defaults: DEFAULTS })
  const config = chosenConfig(result, line.workspaceId)
  const tokens = config.targets.map((target) => target.token)
  const program = {
    environment: withoutSecrets(outer, tokens),
    stateFolder: paths.folder,
    log: (text: string) => log.info(`backend: ${text}`),
    warn: log.warn,
    clock,
  }
  return { config, log, paths, program }
}

function givenToken({ tokenFile, workspaceId }: CommandLine, environment: Environment): string | undefined {
  const token =
    tokenFile === undefined ? setValue(environment.MOLECULE_WORKSPACE_TOKEN) : readTokenFile(tokenFile)
  if (token !== undefined && workspaceId === undefined) {
    throw usage('A token was given without a workspace: give the id of the workspace, too.')
  }
  return token
}

function runnerOptions(
  { clock, network, disk, version, pid, startedAt, stoppedOf }: ConnectOptions,
  line: CommandLine,
  backend: Backend,
  { config, log, paths }: Prepared,
): RunnerOptions {
  const project = `molecule connect --backend ${backend.name}`
  const holder = { pid, startedAt, project, pidSpace: pidSpace() }
  return {
    ...line,
    config,
    backend,
    clock,
    network,
    disk,
    log,
    paths,
    holder,
    session: crypto.randomUUID(),
    version,
    clientOf: (target) => new PlatformClient(target, { network, clock }),
    holders: new HolderWatch(clock, holder, stoppedOf),
  }
}
