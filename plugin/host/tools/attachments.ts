/** Files a tool sends along. All of them are opened and checked before the first byte of any leaves. */

import { describeError } from '../../../base/errors.ts'
import { patiently } from '../../../base/patience.ts'
import { plainText } from '../../../base/plain-text.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import { parsePending, type UploadedFile, uploadFile } from '../../../member/client/uploads.ts'
import { OpenFile, RefusedFile } from '../../../member/files/outgoing-files.ts'
import { type Outcome, ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

/**
 * Uploads files to the platform, none of them unless all may be sent.
 *
 * @throws ToolFailure that names every file that may not be sent; PlatformError when the platform refuses one.
 */
export async function uploadAll(
  client: PlatformClient,
  paths: readonly string[] | undefined,
  context: Pick<ToolContext, 'outgoing' | 'ledger' | 'clock'>,
  signal: AbortSignal,
): Promise<readonly UploadedFile[]> {
  const open: OpenFile[] = []
  try {
    const refusals: string[] = []
    for (const path of paths ?? []) {
      try {
        open.push(await OpenFile.open(path, context.outgoing()))
      } catch (error) {
        const why = error instanceof RefusedFile ? error.message : `cannot be read: ${describeError(error)}`
        refusals.push(`- ${plainText(path, 300)} ${why}`)
      }
    }
    if (refusals.length > 0) throw new ToolFailure(['Nothing was sent.', ...refusals].join('\n'))
    const files: UploadedFile[] = []
    for (const file of open) {
      const uploaded = await uploadFile(client, file, signal)
      files.push(uploaded)
      noteOwn(uploaded, context)
    }
    return files
  } finally {
    await Promise.allSettled(open.map((file) => file.close()))
  }
}

/** The platform reports the file to this workspace as it reports one that somebody else uploaded. */
function noteOwn({ uri }: UploadedFile, { ledger, clock }: Pick<ToolContext, 'ledger' | 'clock'>): void {
  const pending = parsePending(uri)
  if (pending === undefined) return
  patiently(() => ledger()?.uploads.markOwn([pending.fileId], clock.now()), clock).catch(() => {
    // A full disk, most likely. Sending goes on; at worst the model is told of its own file.
  })
}

/** Adds to a result the names of the files sent with it. */
export function withFiles(outcome: Outcome, files: readonly UploadedFile[], remark = ''): Outcome {
  if (files.length === 0) return outcome
  const list = files.map(({ name, size }) => `${name} (${size} bytes)`).join(', ')
  return { ...outcome, text: `${outcome.text}\nFiles attached: ${list}.${remark}` }
}
