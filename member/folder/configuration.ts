/** The current configuration: read from the environment and the `.env` file, and again when the file changes. */

import { type Config, type ConfigResult, type Environment, parseConfig } from '../settings/config.ts'
import type { ProgramSettings } from '../settings/setting-text.ts'
import { readEnvFile, tightenEnvFile } from './env-file.ts'
import { stampOf } from './file-stat.ts'
import type { Log } from './log.ts'

export interface ConfigurationOptions {
  readonly environment: Environment
  /** Undefined when there is none. */
  readonly home: string | undefined
  readonly envFile: string
  readonly log: Pick<Log, 'addSecrets' | 'setLevel' | 'warn' | 'error'>
  readonly program?: ProgramSettings
}

/** Whether the file was written to, and whether its meaning changed. */
export type ConfigurationChange = 'none' | 'reread' | 'changed'

export class Configuration {
  readonly #options: ConfigurationOptions
  #result: ConfigResult
  #stamp: string
  #hasFile = false

  constructor(options: ConfigurationOptions) {
    this.#options = options
    this.#stamp = stampOf(options.envFile)
    this.#result = this.#read()
  }

  get result(): ConfigResult {
    return this.#result
  }

  /** Undefined while it is not valid. */
  get valid(): Config | undefined {
    return this.#result.ok ? this.#result.config : undefined
  }

  /** Whether there was a file when it was last read. */
  get hasFile(): boolean {
    return this.#hasFile
  }

  /** Reads the file if it was written since it was last read. */
  update(): ConfigurationChange {
    const stamp = stampOf(this.#options.envFile)
    if (stamp === this.#stamp) return 'none'
    this.#stamp = stamp
    const before = this.#result
    this.#result = this.#read()
    const warning = tightenEnvFile(this.#options.envFile)
    if (warning !== undefined) this.#options.log.warn(warning)
    // A changed comment, or rewriting the same text, makes no difference.
    return before.ok && Bun.deepEquals(before, this.#result) ? 'reread' : 'changed'
  }

  #read(): ConfigResult {
    const { environment, home, envFile, log, program } = this.#options
    const file = readEnvFile(envFile)
    this.#hasFile = file.state !== 'absent'
    const text = file.state === 'read' ? file.text : undefined
    const reason = file.state === 'unreadable' ? `${file.reason}.` : undefined
    const result = parseConfig(environment, text, home, reason, program)
    const targets = result.ok ? result.config.targets : []
    log.addSecrets(targets.map((target) => target.token))
    log.setLevel(result.ok ? result.config.logLevel : result.logLevel)
    for (const warning of result.warnings) log.warn(warning)
    if (!result.ok) for (const problem of result.problems) log.error(problem)
    return result
  }
}
