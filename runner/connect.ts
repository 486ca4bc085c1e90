/** `molecule connect`: from a command line to an exit code. */
import { SecretSearch } from '../base/secret-search.ts'
import type { Disk } from '../base/sqlite.ts'
import type { ConnectTo } from '../base/tcp.ts'
import { findingLines, findingSummary, findingsJson } from '../member/check/finding-text.ts'
import type { SettingsFacts } from '../member/check/settings-check.ts'
import { PlatformClient } from '../member/client/client.ts'
import { pidSpace } from '../member/folder/holder-record.ts'
import { HolderWatch } from '../member/folder/holder-watch.ts'
import type { Stopped } from '../member/folder/stopped-process.ts'
import type { Target } from '../member/settings/config.ts'
import { OptionError } from './backend/backend.ts'
import { guarded } from './backend/guarded.ts'
import { diagnose } from './command/doctor.ts'
import { type CursorFile, importState, readCursorFile } from './command/import-state.ts'
import { retry } from './command/retry.ts'
import { status } from './command/status.ts'
import { HELP, parseCommandLine, usage } from './command-line.ts'
import { Ending, EXIT, type ExitCode, Restart } from './exit-code.ts'
import { Preparation, type PreparationOptions } from './preparation.ts'
import { PROJECT } from './report.ts'
import { Runner } from './runner.ts'
import { ServiceNotice } from './service-notice.ts'
import { launchdPlist, serviceProblem, systemdUnit } from './service-unit.ts'

export interface ConnectOptions extends PreparationOptions {
  readonly argv: readonly string[]
  /** The program and script that run this command line. */
  readonly program: readonly string[]
  readonly version: string
  readonly network: typeof fetch
  readonly connectTo: ConnectTo
  readonly disk: Disk
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly stoppedOf: (pid: number) => Stopped | undefined
  readonly print: (text: string) => void
  /** Calls `stop` for each signal that ends a program. */
  readonly onSignal: (stop: (name: string) => void) => void
  /** Runs a program to its end. Rejects when it fails. */
  readonly run: (argv: readonly string[]) => Promise<void>
}

/** Milliseconds for which `doctor` waits for an answer. */
const ANSWER_MS = 5_000

/** Never rejects with anything but an unforeseen error. */
export async function connect(options: ConnectOptions): Promise<ExitCode> {
  const { complain } = options
  try {
    return await carryOut(options)
  } catch (error) {
    if (!(error instanceof Ending || error instanceof OptionError)) throw error
    for (const sentence of error.message.split('\n')) complain(`molecule connect: ${sentence}`)
    return error instanceof Ending ? error.exitCode : EXIT.usage
  }
}

/** @throws Ending, OptionError for what nobody has been told yet. */
async function carryOut(options: ConnectOptions): Promise<ExitCode> {
  const { argv, environment, version, print } = options
  const parsed = parseCommandLine(argv, environment)
  if (parsed.kind !== 'run') {
    print(parsed.kind === 'help' ? HELP.trimEnd() : version)
    return EXIT.ended
  }
  const cursor = parsed.line.file === undefined ? undefined : readCursorFile(parsed.line.file)
  const line = cursor === undefined ? parsed.line : { ...parsed.line, workspaceId: cursor.workspace_id }
  const preparation = new Preparation(line, options)
  if (line.command === 'doctor') return doctor(preparation, options)
  if (line.command !== undefined) {
    print(await oneCommand(preparation, options, cursor))
    return EXIT.ended
  }
  return line.dryRun || line.printUnit !== undefined
    ? rehearse(preparation, options)
    : serve(preparation, options)
}

/** Checks what can be checked without the platform, and starts nothing. */
async function rehearse(preparation: Preparation, options: ConnectOptions): Promise<ExitCode> {
  const { line, config } = preparation
  const backend = await preparation.backend()
  await backend.close()
  if (line.printUnit === undefined) {
    for (const { workspaceId, platformUrl } of config.targets) {
      options.complain(`workspace=${workspaceId} backend=${backend.name} mode=poll platform=${platformUrl}`)
    }
    return EXIT.ended
  }
  if (line.once) throw usage('--once ends by itself and makes no service: leave it out, or run it from cron.')
  const unseen = Object.keys(options.environment)
    .filter((name) => name.startsWith('MOLECULE_'))
    .sort()
  if (unseen.length > 0) {
    options.complain(
      `molecule connect: The service does not see ${unseen.join(', ')} of this shell: give flags, or the .env file of the state folder.`,
    )
  }
  const words = options.argv.filter(
    (word, index) =>
      !word.startsWith('--print-unit') && options.argv[index - 1] !== '--print-unit' && word !== '--dry-run',
  )
  const command = {
    argv: [...options.program, ...(line.forever ? [] : ['--forever']), ...words],
    folder: options.folder,
    path: options.environment.PATH ?? '',
    name: config.targets[0]?.workspaceId ?? 'connect',
  }
  const problem = serviceProblem(command)
  if (problem !== undefined) throw usage(problem)
  options.print((line.printUnit === 'systemd' ? systemdUnit : launchdPlist)(command).trimEnd())
  return EXIT.ended
}

async function serve(first: Preparation, options: ConnectOptions): Promise<ExitCode> {
  const { environment, clock, pid, run, onSignal } = options
  let runner: Runner | undefined
  let reason: string | undefined
  onSignal((name) => {
    reason ??= `ended by ${name}`
    runner?.stop(reason)
  })
  const notice = new ServiceNotice({ environment, pid, clock, run, warn: first.log.warn })
  for (let preparation = first; ; ) {
    const { config, line, log } = preparation
    const backend = guarded(await preparation.backend(), () => new SecretSearch(log.secrets))
    // It came while nothing ran that it could stop.
    if (reason !== undefined) {
      await backend.close()
      log.info(reason)
      return EXIT.ended
    }
    let next: Preparation | undefined
    const isStale = (): boolean => {
      next ??= preparation.renewed()
      return next !== undefined
    }
    const project = `${PROJECT} --backend ${backend.name}`
    const surroundings = {
      ...place(preparation, options, project),
      ...line,
      // A session may have claimed a workspace from the one before.
      wait: line.wait || runner !== undefined,
      config,
      backend,
      isStale,
      notice,
    }
    runner = new Runner(surroundings)
    const ending = await runner.run()
    const { exitCode, message } = ending
    for (const sentence of message.split('\n')) log[exitCode === EXIT.ended ? 'info' : 'error'](sentence)
    if (!(ending instanceof Restart) || next === undefined) return exitCode
    preparation = next
  }
}

/** What every command is given of this process. */
function place({ paths, log }: Preparation, options: ConnectOptions, project: string) {
  const { clock, network, disk, version, pid, startedAt, stoppedOf } = options
  const holder = { pid, startedAt, project, pidSpace: pidSpace() }
  return {
    clock,
    network,
    disk,
    log,
    paths,
    holder,
    session: crypto.randomUUID(),
    version,
    clientOf: (target: Target) => new PlatformClient(target, options),
    holders: new HolderWatch(clock, holder, stoppedOf),
  }
}

function oneCommand(
  preparation: Preparation,
  options: ConnectOptions,
  cursor: CursorFile | undefined,
): Promise<string> {
  const { config, line } = preparation
  const { targets } = config
  const here = { ...place(preparation, options, `molecule connect ${line.command}`), targets }
  if (line.command === 'retry') return retry(here, targets)
  const [target] = targets
  if (cursor !== undefined && target !== undefined) return importState(here, target, cursor)
  return status(here)
}

async function doctor(preparation: Preparation, options: ConnectOptions): Promise<ExitCode> {
  const findings = await diagnose({
    ...place(preparation, options, 'molecule connect doctor'),
    environment: options.environment,
    connectTo: options.connectTo,
    neighbours: [],
    settings: settingsOf(preparation),
    timeoutMs: ANSWER_MS,
    tryBackend: async () => {
      const backend = await preparation.backend()
      await backend.close()
      return `${backend.name} can be started`
    },
  })
  const { json } = preparation.line
  options.print(preparation.log.redact(json ? findingsJson(findings) : findingLines(findings).join('\n')))
  const isWell = findings.every(({ verdict }) => verdict !== 'fail')
  if (!isWell) throw new Ending(EXIT.failed, findingSummary(findings))
  return EXIT.ended
}

function settingsOf(preparation: Preparation): SettingsFacts {
  const { result, origins, paths } = preparation
  const facts = { warnings: result.warnings, origins, envFile: paths.envFile }
  try {
    return { ...facts, problems: [], targets: preparation.config.targets }
  } catch (error) {
    if (!(error instanceof Ending)) throw error
    return { ...facts, problems: error.message.split('\n'), targets: [] }
  }
}
