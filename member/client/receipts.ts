/** How far a message of ours got on its way to a peer's model, where the platform knows. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { readTimestamp } from './timestamp.ts'
import { isUuid, workspacePath } from './workspace-path.ts'

const receiptSchema = z.object({
  state: z.enum(['stored', 'fetched', 'written', 'seen', 'answered', 'failed']),
  at: z.unknown().optional().transform(readTimestamp),
})
export type MessageReceipt = Readonly<z.infer<typeof receiptSchema>>

/**
 * @returns undefined where the platform does not say, such as a hosted one.
 * @throws PlatformError, or the abort reason.
 */
export async function fetchReceipt(
  client: PlatformClient,
  peerId: string,
  messageId: string,
  signal: AbortSignal,
): Promise<MessageReceipt | undefined> {
  if (!isUuid(messageId)) return undefined
  try {
    return await client.json(
      {
        path: workspacePath(client.endpoint.workspaceId, `/receipts/${messageId}`),
        query: { target_id: peerId },
        signal,
      },
      receiptSchema,
    )
  } catch (error) {
    if (error instanceof PlatformError && error.kind === 'refused') return undefined
    throw error
  }
}
