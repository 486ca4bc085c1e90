/**
 * What `status` finds out when it is called, by the checks of `doctor`. What a session remembers can be a minute old:
 * while its event stream is open, nothing tells it that its token was revoked.
 */
import { sleep } from '../../base/sleep.ts'
import { type Finding, runChecks } from '../../member/check/check.ts'
import { type PlatformsSetUp, platformsChecks } from '../../member/check/set-up-checks.ts'
import { stateFolderCheck } from '../../member/check/state-folder-check.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import { settingOrigins } from '../../member/settings/setting-origins.ts'
import type { Membership } from '../../member/workspace/membership.ts'
import { MAX_SHOWN } from '../host/report/status-report.ts'
import type { RoleSurroundings } from './role.ts'

export interface SessionSetUp
  extends Pick<RoleSurroundings, 'network' | 'clock' | 'disk' | 'environment' | 'clientOf'> {
  readonly paths: StatePaths
  readonly targets: PlatformsSetUp['targets']
  readonly memberships: readonly Membership[]
}

/** A person waits: what is not known by then is told from memory. */
const LIMIT_MS = 2_000
/** However often a program asks, this limits how often the platform is. */
const AGAIN_MS = 500

export class SessionChecks {
  #last:
    | {
        readonly at: number
        readonly targets: SessionSetUp['targets']
        readonly findings: Promise<readonly Finding[]>
      }
    | undefined

  /** Never rejects. Empty when the platform takes longer than a person should wait. */
  make(setUp: SessionSetUp, signal: AbortSignal): Promise<readonly Finding[]> {
    const { clock, targets } = setUp
    const at = clock.now()
    const last = this.#last
    if (last?.targets === targets && Math.abs(at - last.at) < AGAIN_MS) return last.findings
    const findings = checkSession(setUp, signal)
    this.#last = { at, targets, findings }
    return findings
  }
}

async function checkSession(setUp: SessionSetUp, signal: AbortSignal): Promise<readonly Finding[]> {
  const { paths, disk, clock, environment, targets, memberships } = setUp
  const checks = [
    stateFolderCheck(paths, disk),
    ...platformsChecks({
      ...setUp,
      targets: targets.slice(0, MAX_SHOWN),
      origins: settingOrigins(environment, undefined),
      timeoutMs: LIMIT_MS,
    }),
  ]
  const late = sleep(LIMIT_MS, signal, clock).then((): readonly Finding[] => [])
  const findings = await Promise.race([runChecks(checks), late])
  const isTroubled = findings.some(({ verdict }) => verdict !== 'ok')
  // The workspaces learn at once what was found, good or bad.
  if (isTroubled || memberships.some((one) => isFailing(one))) for (const one of memberships) one.woke()
  return findings
}

function isFailing(membership: Membership): boolean {
  const { failing, dead } = membership.report()
  return failing || dead !== undefined
}
