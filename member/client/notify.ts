/** A message from the agent to the human who looks at the workspace's chat. */
import { z } from 'zod'
import { type PlatformClient, workspacePath } from './client.ts'
import { PlatformError } from './errors.ts'
import type { UploadedFile } from './uploads.ts'

/**
 * Posts to the workspace's own chat. Never repeated: the call carries no key by which a second copy could be known.
 *
 * @throws PlatformError
 */
export async function notifyUser(
  client: PlatformClient,
  message: string,
  signal?: AbortSignal,
  files: readonly UploadedFile[] = [],
): Promise<void> {
  try {
    await client.json(
      {
        path: workspacePath(client.endpoint.workspaceId, '/notify'),
        body: { message, ...(files.length === 0 ? {} : { attachments: files }) },
        ...(signal === undefined ? {} : { signal }),
      },
      z.unknown(),
    )
  } catch (error) {
    if (error instanceof PlatformError && error.body?.includes('talk_to_user_disabled')) {
      throw new PlatformError(
        'refused',
        'this workspace may not write to its user: the platform has the setting talk_to_user_disabled. Ask the person who runs the platform, and do not try again.',
        { ...(error.status === undefined ? {} : { status: error.status }), cause: error },
      )
    }
    throw error
  }
}
