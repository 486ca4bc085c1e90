/**
 * What the session-start hook runs: prints what the host shows on the screen, or nothing. It only reads: the plugin's own
 * process does the rest.
 */
import { systemClock } from '../../base/clock.ts'
import { homeFolder } from '../../base/home.ts'
import { type Disk, systemDisk } from '../../base/sqlite.ts'
import { readEnvFile } from '../../member/folder/env-file.ts'
import { exists } from '../../member/folder/file-stat.ts'
import { isHeld, lockPaths } from '../../member/folder/lock.ts'
import { type StatePaths, statePaths } from '../../member/folder/state-folder.ts'
import { countWaiting } from '../../member/ledger/waiting-messages.ts'
import { parseConfig, resolveStateDir } from '../../member/settings/config.ts'
import { hostInbox } from '../host/doorbell/host-inbox.ts'
import { Ancestors } from '../host/hearing/ancestors.ts'
import { judgeHearing } from '../host/hearing/listener.ts'
import { startNotice } from './notice.ts'

/** The messages of one workspace that wait. */
function waitingIn(paths: StatePaths, disk: Disk, workspaceId: string): number {
  try {
    const ledger = disk.open(paths.ledger, { mode: 'readonly' })
    try {
      return countWaiting(ledger, workspaceId)
    } finally {
      ledger.close()
    }
  } catch {
    // There is none yet, or it is of another version: the session that opens it will tell.
    return 0
  }
}

/** The host names itself to its hooks as in `claude-code_2-1-329_harness`. */
function versionIn(agent: string | undefined): string | undefined {
  return /^claude-code_(\d+)-(\d+)-(\d+)/
    .exec(agent ?? '')
    ?.slice(1)
    .join('.')
}

const [environment, home] = [process.env, homeFolder()]
const ancestors = new Ancestors()
const inbox = hostInbox({
  environment,
  home,
  ancestors: ancestors.commands,
  hostPids: () => [Number(environment.CLAUDE_PID), ...ancestors.hostPids()],
  clock: systemClock,
})
const paths = statePaths(resolveStateDir(environment, home))
const file = readEnvFile(paths.envFile)
const config = parseConfig(
  environment,
  file.state === 'read' ? file.text : undefined,
  home,
  file.state === 'unreadable' ? `${file.reason}.` : undefined,
)
const unserved = (config.ok ? config.config.targets : []).filter(({ workspaceId }) => {
  const { lock } = lockPaths(paths.locks, workspaceId)
  return !(exists(lock) && isHeld(lock, systemDisk))
})
const mode = config.ok ? config.config.channelMode : config.channelMode
const notice = startNotice({
  config,
  hearing: judgeHearing({
    mode,
    clientName: 'claude-code',
    ancestors: ancestors.commands(),
    environment,
    doorbell: {
      isAsked: mode === 'doorbell',
      clientVersion: versionIn(environment.AI_AGENT),
      refusal: inbox.look().refusal,
    },
  }),
  isServed: config.ok && unserved.length === 0,
  waiting: unserved.reduce((sum, { workspaceId }) => sum + waitingIn(paths, systemDisk, workspaceId), 0),
})
if (notice !== undefined) console.log(JSON.stringify({ systemMessage: notice }))
