/** The lives of a runner: one process after the other on one state folder, and what its backend was given in each. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConnectProcess } from '../../driver/connect-process.ts'
import type { Member } from '../../driver/scene.ts'
import { workspaceSettings } from '../../driver/workspace-settings.ts'
import type { Showing } from '../../judge/evidence.ts'

export interface RunnerLivesOptions {
  readonly folder: string
  readonly platformUrl: string
  readonly workspace: Member
}

export class RunnerLives {
  readonly #options: RunnerLivesOptions
  readonly #record: string
  #lives = 0

  constructor(options: RunnerLivesOptions) {
    this.#options = options
    this.#record = join(options.folder, 'given')
  }

  /** Its number is in the environment of its backend, too. */
  get number(): number {
    return this.#lives
  }

  start(): Promise<ConnectProcess> {
    const { folder, platformUrl, workspace } = this.#options
    const settings = {
      ...workspaceSettings(platformUrl, [workspace]),
      MOLECULE_STATE_DIR: join(folder, 'runner'),
      MOLECULE_POLL_INTERVAL_MS: '250',
      SOAK_LIFE: String(++this.#lives),
      SOAK_RECORD: this.#record,
    }
    // A line shorter than a page is appended whole, also by two commands at once. Then it takes a moment, as work does.
    const note = `printf '%s %s %s %s\\n' "$SOAK_LIFE" "$MOLECULE_ACTIVITY_ID" "\${MOLECULE_REDELIVERED:-false}" "$text"`
    const command = `text=$(cat); ${note} >>"$SOAK_RECORD"; sleep 0.05; printf %s "$text"`
    const backend = ['--backend', 'exec', '--backend-opt', `cmd=${command}`]
    return ConnectProcess.start([...backend, '--forever'], { env: settings, cwd: folder })
  }

  /** What the backend was given, in that order. */
  given(): readonly Showing[] {
    const text = existsSync(this.#record) ? readFileSync(this.#record, 'utf8').trim() : ''
    return text.split('\n').map((line, order) => {
      const [life = '', activityId = '', redelivered = '', name = ''] = line.split(' ')
      return {
        workspaceId: this.#options.workspace.id,
        activityId,
        order,
        session: Number(life),
        redelivered: redelivered === 'true',
        name,
      }
    })
  }
}
