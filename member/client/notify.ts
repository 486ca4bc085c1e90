/** Messages from the agent to the person in the workspace's chat. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import type { UploadedFile } from './uploads.ts'
import { workspacePath } from './workspace-path.ts'

/** What a notice is about, for a platform that shows that in its place. Others ignore it. */
interface NoticeSubject {
  /** Of a request that it announces. */
  readonly requestId?: string | undefined
  readonly permission?: PermissionNote | undefined
}

/** A permission request of the host, or what became of it. */
export interface PermissionNote {
  readonly request_id: string
  /** `lost`: the session that asked did not take the answer. */
  readonly state: 'open' | 'allowed' | 'denied' | 'elsewhere' | 'expired' | 'lost'
  readonly tool?: string
  readonly description?: string
  readonly preview?: string
}

/**
 * Posts to the workspace's own chat. Made once: without a key in the call, a repetition would be a second message.
 *
 * @throws PlatformError
 */
export async function notifyUser(
  client: PlatformClient,
  message: string,
  signal?: AbortSignal,
  files: readonly UploadedFile[] = [],
  { requestId, permission }: NoticeSubject = {},
): Promise<void> {
  try {
    await client.json(
      {
        path: workspacePath(client.endpoint.workspaceId, '/notify'),
        body: {
          message,
          ...(files.length === 0 ? {} : { attachments: files }),
          ...(requestId === undefined ? {} : { request_id: requestId }),
          ...(permission === undefined ? {} : { permission }),
        },
        signal,
      },
      // An object without it was not written by a platform that posted the message.
      z.object({ status: z.string() }),
    )
  } catch (error) {
    if (error instanceof PlatformError && error.body?.includes('talk_to_user_disabled')) {
      throw new PlatformError(
        'refused',
        'this workspace may not write to its user: the platform has talk_to_user_disabled set. Ask the person who runs the platform, and do not try again.',
        { status: error.status, cause: error },
      )
    }
    throw error
  }
}
