/** `./molecule doctor`: everything that a session needs to receive messages, checked from a terminal. Changes nothing. */
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { redact } from '../../base/redact.ts'
import type { Disk } from '../../base/sqlite.ts'
import type { ConnectTo } from '../../base/tcp.ts'
import { type Finding, runChecks } from '../../member/check/check.ts'
import { findingLines, findingSummary, findingsJson } from '../../member/check/finding-text.ts'
import { namesIn } from '../../member/check/second-folder-check.ts'
import { setUpChecks } from '../../member/check/set-up-checks.ts'
import { PlatformClient } from '../../member/client/client.ts'
import { readEnvFile } from '../../member/folder/env-file.ts'
import type { HolderWatch } from '../../member/folder/holder-watch.ts'
import { statePaths } from '../../member/folder/state-folder.ts'
import {
  type ConfigResult,
  type Environment,
  namedStateDir,
  parseConfig,
  resolveStateDir,
} from '../../member/settings/config.ts'
import { type SettingOrigin, settingOrigins } from '../../member/settings/setting-origins.ts'
import { setValue } from '../../member/settings/setting-text.ts'
import {
  type ClaudeSettings,
  readClaudeSettings,
  sessionEnvironment,
} from '../host/hearing/claude-settings.ts'
import { START_WITH_CHANNEL } from '../host/hearing/listener.ts'
import { channelCheck } from './channel-check.ts'
import { ownPluginCheck, pluginCheck } from './plugin-check.ts'
import { type FoundProgram, programChecks } from './program-checks.ts'

export interface DoctorOptions {
  readonly argv: readonly string[]
  /** Of the shell. */
  readonly environment: Environment
  readonly home: string | undefined
  /** Where a session would be started. */
  readonly project: string
  readonly managedSettings: string
  /** This clone, with its version and the range of Bun that it needs. */
  readonly root: string
  readonly version: string
  readonly bunRange: string
  readonly clock: Clock
  readonly network: typeof fetch
  readonly disk: Disk
  readonly holders: HolderWatch
  readonly connectTo: ConnectTo
  /** Looks a program up on a PATH, and asks for its version. */
  readonly find: (name: string, path: string) => Promise<FoundProgram | undefined>
  readonly print: (text: string) => void
}

const HELP = `Usage: ./molecule doctor [NAME] [--json]

Checks everything that a Claude Code session needs to receive messages of a Molecule platform. The
first ✗ is the cause of those below it, and what depends on it is skipped. Changes nothing. Run it in
the shell and the folder from which you start Claude Code.

  NAME     the agent, as given to ./molecule join; without it, the session without a name
  --json   print the checks as JSON: {"ok", "checks": [{"name", "verdict", "says", "remedy"}]}

Exit codes: 0 no check failed, 1 a check failed, 2 wrong command line.
`
const ANSWER_MS = 5_000

/** @returns the exit code. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const { argv, print } = options
  if (argv.includes('--help') || argv.includes('-h')) {
    print(HELP.trimEnd())
    return 0
  }
  const [name, ...more] = argv.filter((word) => word !== '--json')
  const unknown = [name, ...more].find((word) => word?.startsWith('-')) ?? more[0]
  if (unknown !== undefined) {
    print(`doctor takes no ${unknown}.\n\n${HELP.trimEnd()}`)
    return 2
  }
  const { findings, tokens } = await examine(options, name)
  const text = argv.includes('--json')
    ? findingsJson(findings)
    : [...findingLines(findings), '', findingSummary(findings)].join('\n')
  print(redact(text, tokens, '[token]'))
  return findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0
}

interface Examination {
  readonly findings: readonly Finding[]
  readonly tokens: readonly string[]
}

/** @param name of an agent that `join` has given a folder and a command; undefined: the installed plugin is meant. */
async function examine(options: DoctorOptions, name: string | undefined): Promise<Examination> {
  const { home, project, managedSettings, clock, network, disk, version, root } = options
  const claudeFolder = claudeFolderOf(options.environment, home)
  const settings = readClaudeSettings({ folder: claudeFolder, project, managed: managedSettings })
  const environment = sessionEnvironment(options.environment, settings)
  const paths = statePaths(
    name === undefined ? resolveStateDir(environment, home) : namedStateDir(environment, home, name),
  )
  const file = readEnvFile(paths.envFile)
  const text = file.state === 'read' ? file.text : undefined
  const reason = file.state === 'unreadable' ? `${file.reason}.` : undefined
  const result = parseConfig(environment, text, home, reason)
  const targets = result.ok ? result.config.targets : []
  const mode = result.ok ? result.config.channelMode : result.channelMode
  const neighbours = [join(claudeFolder, 'channels')]
  const checks = [
    ...programChecks({
      find: (program) => options.find(program, environment.PATH ?? ''),
      bunRange: options.bunRange,
      isRung: mode === 'doorbell',
    }),
    name === undefined
      ? pluginCheck({ folder: claudeFolder, settings, root, version })
      : ownPluginCheck({ root, version }),
    channelCheck({ environment: options.environment, settings, mode }),
    ...setUpChecks({
      ...options,
      environment,
      paths,
      neighbours,
      settings: {
        problems: result.ok ? [] : problemsOf(result, paths.envFile, name, namesIn(neighbours)),
        warnings: result.warnings,
        targets,
        origins: settingOrigins(environment, text).map((origin) => withFile(origin, settings)),
        envFile: paths.envFile,
      },
      clientOf: (target) => new PlatformClient(target, { network, clock, environment }),
      disk,
      timeoutMs: ANSWER_MS,
      expected: {
        receiver: 'any',
        remedy:
          name === undefined
            ? `Type /molecule:receive in a session, or ${START_WITH_CHANNEL}`
            : `Run ./molecule join ${name} --start`,
      },
    }),
  ]
  return { findings: await runChecks(checks), tokens: targets.map(({ token }) => token) }
}

/** Where nothing is configured, agents may be that have a name. */
function problemsOf(
  { isMissing, problems }: Extract<ConfigResult, { readonly ok: false }>,
  envFile: string,
  name: string | undefined,
  names: readonly string[],
): readonly string[] {
  if (!isMissing || (name === undefined && names.length === 0)) return problems
  const command = name === undefined ? `doctor ${names.join(' or ')}` : `join ${name}`
  return [`No workspace is configured in ${envFile}: run ./molecule ${command}.`]
}

/** A variable of a session can come from Claude Code's own settings, where nobody looks for it. */
function withFile(origin: SettingOrigin, settings: readonly ClaudeSettings[]): SettingOrigin {
  if (origin.from !== 'environment') return origin
  const setBy = settings.findLast(({ env }) => env[origin.name] !== undefined)?.file
  return setBy === undefined ? origin : { ...origin, setBy }
}

function claudeFolderOf(environment: Environment, home: string | undefined): string {
  const given = setValue(environment.CLAUDE_CONFIG_DIR)
  return given !== undefined && isAbsolute(given) ? given : join(home ?? '/', '.claude')
}
