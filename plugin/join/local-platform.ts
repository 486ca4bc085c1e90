/**
 * The local platform of this user: where it listens, and the key that makes us its operator. Both are in a file that it
 * keeps beside its database while it runs, and that only this user can read. So nobody types or pastes a token.
 */
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { codeOf, describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import { PlatformClient } from '../../member/client/client.ts'
import { PlatformError } from '../../member/client/errors.ts'
import { readRegularFile } from '../../member/folder/regular-file.ts'
import { platformUrlSchema } from '../../member/settings/platform-url.ts'
import { type Environment, setValue } from '../../member/settings/setting-text.ts'
import { JoinFailure } from './failure.ts'

const operatorSchema = z.object({ url: z.string(), key: z.string().regex(/^[\x21-\x7e]+$/) })

const NOT_RUNNING =
  'No local platform runs for this user. Start one with ./molecule platform, in another terminal, and run this again. If one runs that was started with --db, give the same --db here.'

export interface PlatformPlace {
  /** The value of --db. */
  readonly db: string | undefined
  readonly environment: Environment
  readonly home: string | undefined
}

/**
 * The platform as its operator sees it.
 *
 * @throws JoinFailure when none runs, or it cannot be found.
 */
export function findPlatform(place: PlatformPlace, network: typeof fetch, clock: Clock): PlatformClient {
  const { url, key } = readOperatorFile(`${databasePath(place)}-operator`)
  const checked = platformUrlSchema.safeParse(url)
  if (!checked.success) {
    const rule = checked.error.issues[0]?.message ?? ''
    throw new JoinFailure(
      `The platform listens at ${plainText(url, 200)}, where no session of this machine may send its token: it ${rule}. Start it on 127.0.0.1, or on 0.0.0.0.`,
    )
  }
  return new PlatformClient({ platformUrl: checked.data, workspaceId: '', token: key }, { network, clock })
}

/** What to say of a request to the platform that failed. */
export function explainRefusal(error: unknown, { endpoint }: PlatformClient): JoinFailure {
  if (!(error instanceof PlatformError)) throw error
  const { platformUrl } = endpoint
  // Whoever holds the port of a platform that was killed does not know the key.
  if (error.status === 401 || error.status === 404) {
    return new JoinFailure(
      `Another program answers at ${platformUrl}, where the local platform listened. ${NOT_RUNNING}`,
    )
  }
  if (error.status === undefined) return new JoinFailure(NOT_RUNNING)
  return new JoinFailure(`The platform at ${platformUrl} did not do it: ${error.message}.`)
}

function readOperatorFile(path: string): z.infer<typeof operatorSchema> {
  try {
    return operatorSchema.parse(JSON.parse(readRegularFile(path)))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw new JoinFailure(NOT_RUNNING)
    // The parser's own words can quote the file, and with it the key.
    const reason = error instanceof SyntaxError || error instanceof z.ZodError ? 'it is damaged' : undefined
    throw new JoinFailure(
      `${path} cannot be read: ${reason ?? describeError(error)}. Start the platform again, as this user.`,
    )
  }
}

/** As `./molecule platform` chooses it (see platform/README.md). */
function databasePath({ db, environment, home }: PlatformPlace): string {
  if (db !== undefined) return db
  const data = setValue(environment.XDG_DATA_HOME)
  if (data !== undefined && isAbsolute(data)) return join(data, 'molecule-platform', 'platform.db')
  if (home !== undefined) return join(home, '.local', 'share', 'molecule-platform', 'platform.db')
  throw new JoinFailure('This user has no home folder; name the database of the platform with --db.')
}
