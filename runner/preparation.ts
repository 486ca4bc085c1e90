/** What a command line and the settings say together, checked before anything else is done. */
import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { Configuration } from '../member/folder/configuration.ts'
import { readEnvFile } from '../member/folder/env-file.ts'
import { isRegularFile, stampOf } from '../member/folder/file-stat.ts'
import { Log } from '../member/folder/log.ts'
import { type StatePaths, statePaths } from '../member/folder/state-folder.ts'
import { type Config, type ConfigResult, resolveStateDir } from '../member/settings/config.ts'
import { type SettingOrigin, settingOrigins } from '../member/settings/setting-origins.ts'
import { SETTINGS } from '../member/settings/setting-table.ts'
import { type Environment, setValue } from '../member/settings/setting-text.ts'
import type { Backend } from './backend/backend.ts'
import { buildBackend } from './backend/backends.ts'
import { withoutSecrets } from './backend/child-environment.ts'
import { type CommandLine, DEFAULTS, usage } from './command-line.ts'
import { chosenConfig, givenSettings } from './targets.ts'
import { readTokenFile } from './token-file.ts'

const OWN_VARIABLES: ReadonlySet<string> = new Set([
  'MOLECULE_WORKSPACE_TOKEN',
  'MOLECULE_WORKSPACE_TOKEN_FILE',
])

export interface PreparationOptions {
  readonly environment: Environment
  /** Undefined when there is none. */
  readonly home: string | undefined
  /** What relative paths start from. */
  readonly folder: string
  readonly clock: Clock
  readonly complain: (line: string) => void
}

export class Preparation {
  readonly line: CommandLine
  readonly log: Log
  readonly paths: StatePaths
  readonly result: ConfigResult
  /** Where each value comes from that is set. */
  readonly origins: readonly SettingOrigin[]
  readonly #options: PreparationOptions
  /** Of the settings' files when they were last looked at. */
  #stamp: string

  /** @throws Ending for a token that cannot be read. */
  constructor(line: CommandLine, options: PreparationOptions) {
    const { environment, home, clock, complain } = options
    const writeJson = (message: string, level: string): void =>
      complain(JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message }))
    this.line = line
    this.#options = options
    this.log = new Log({ program: 'molecule connect', clock, ...(line.json ? { write: writeJson } : {}) })
    const given = givenSettings(line, givenToken(line, environment))
    const own = { ...sharedWithPlugin(environment), ...givenFolder(given, options.folder) }
    this.paths = statePaths(resolveStateDir(own, home))
    this.#stamp = this.#stampNow()
    const { log, paths } = this
    const configuration = new Configuration({
      environment: own,
      home,
      envFile: paths.envFile,
      // What is wrong is said once, by whoever needs the configuration.
      log: {
        addSecrets: (secrets) => log.addSecrets(secrets),
        setLevel: (level) => log.setLevel(level),
        warn: (sentence) => (line.command === 'doctor' ? undefined : log.warn(sentence)),
        error: () => {},
      },
      program: { given, defaults: DEFAULTS },
    })
    this.result = configuration.result
    const file = readEnvFile(paths.envFile)
    this.origins = settingOrigins(own, file.state === 'read' ? file.text : undefined, { given })
  }

  /** @throws Ending when the settings do not say which workspaces are meant, or are wrong. */
  get config(): Config {
    return chosenConfig(this.result, this.line.workspaceId, this.paths.envFile)
  }

  /** @throws OptionError */
  backend(): Promise<Backend> {
    const { line, log, paths } = this
    const { environment, clock } = this.#options
    const tokens = this.result.ok ? this.result.config.targets.map((target) => target.token) : []
    return buildBackend(line.backend, line.backendOptions, {
      environment: withoutSecrets(environment, tokens),
      stateFolder: paths.folder,
      log: (text) => log.info(`backend: ${text}`),
      debug: (text) => log.debug(`backend: ${text}`),
      warn: log.warn,
      clock,
    })
  }

  /** The settings as they are now, if their files have changed since and still say something valid and different. */
  renewed(): Preparation | undefined {
    const stamp = this.#stampNow()
    if (stamp === this.#stamp) return undefined
    // Whatever they say, they are not read again before they change again.
    this.#stamp = stamp
    const { tokenFile } = this.line
    // A pipe would wait for somebody to write.
    if (tokenFile !== undefined && !isRegularFile(tokenFile)) return undefined
    try {
      const next = new Preparation(this.line, this.#options)
      return Bun.deepEquals(next.config, this.config) ? undefined : next
    } catch {
      // Half written, or wrong: the earlier settings hold until they are right.
      return undefined
    }
  }

  #stampNow(): string {
    const { tokenFile } = this.line
    return `${stampOf(this.paths.envFile)} ${tokenFile === undefined ? '' : stampOf(tokenFile)}`
  }
}

/** Without the variables that this program alone reads: they would be reported as unknown settings. */
function sharedWithPlugin(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN_VARIABLES.has(name)))
}

/** A path on a command line may be relative, unlike one in a setting. */
function givenFolder(given: Environment, folder: string): Environment {
  const path = given[SETTINGS.stateDir.name]
  if (path === undefined) return {}
  return { [SETTINGS.stateDir.name]: path.startsWith('~') ? path : resolve(folder, path) }
}

function givenToken({ tokenFile, workspaceId }: CommandLine, environment: Environment): string | undefined {
  const token =
    tokenFile === undefined ? setValue(environment.MOLECULE_WORKSPACE_TOKEN) : readTokenFile(tokenFile)
  if (token !== undefined && workspaceId === undefined) {
    throw usage('A token was given without a workspace: give the id of the workspace, too.')
  }
  return token
}
