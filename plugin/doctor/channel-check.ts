/** What closes channels: variables, managed settings, or the plugin's own setting. */
import { type Check, fail, type Outcome, ok, warn } from '../../member/check/check.ts'
import type { Environment } from '../../member/settings/config.ts'
import type { ChannelMode } from '../../member/settings/setting-table.ts'
import { type ClaudeSettings, sessionEnvironment } from '../host/hearing/claude-settings.ts'
import { closedBy } from '../host/hearing/closed-channels.ts'

export interface ChannelFacts {
  /** Of the shell. */
  readonly environment: Environment
  readonly settings: readonly ClaudeSettings[]
  readonly mode: ChannelMode
}

/** Channels are one of two ways to receive. */
const WITHOUT = 'Type /molecule:receive in a session, which needs no channel'

export function channelCheck(facts: ChannelFacts): Check {
  return { name: 'channels', needs: [], probe: () => judgeChannels(facts) }
}

/** Pure. */
function judgeChannels({ environment, settings, mode }: ChannelFacts): Outcome {
  if (mode === 'off') {
    return fail('MOLECULE_CHANNEL is off, so no session receives messages', 'Set MOLECULE_CHANNEL to auto')
  }
  if (mode === 'doorbell') return ok('none is needed: MOLECULE_CHANNEL is doorbell')
  const variable = closedBy(sessionEnvironment(environment, settings))
  if (variable !== undefined) {
    const file = settings.findLast(({ env }) => env[variable] !== undefined)?.file
    return warn(
      `Claude Code opens no channel while ${variable} is set (${file === undefined ? 'in the environment' : `in the env of ${file}`})`,
      `${WITHOUT}; or ${file === undefined ? `unset ${variable}` : `remove ${variable} from ${file}`}, and start Claude Code again`,
    )
  }
  const managed = settings.find(({ isManaged }) => isManaged)
  if (managed !== undefined && managed.channelsEnabled !== true) {
    return warn(
      `the managed settings of this machine (${managed.file}) do not enable channels`,
      `${WITHOUT}; or have its administrator set "channelsEnabled": true there`,
    )
  }
  return ok('nothing closes them')
}
