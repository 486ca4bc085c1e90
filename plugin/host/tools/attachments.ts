/** Files a tool sends along. All of them are opened and checked before the first byte of any leaves. */
import { describeError } from '../../../base/errors.ts'
import { plainText } from '../../../base/plain-text.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import { type UploadedFile, uploadFile } from '../../../member/client/uploads.ts'
import { OpenFile, type OutgoingRules, RefusedFile } from '../../../member/files/outgoing-files.ts'
import { type Outcome, ToolFailure } from './tool.ts'

/**
 * Uploads files to the platform, none of them unless all may be sent.
 *
 * @throws ToolFailure that names every file that may not be sent; PlatformError when the platform refuses one.
 */
export async function uploadAll(
  client: PlatformClient,
  paths: readonly string[] | undefined,
  rules: OutgoingRules,
  signal: AbortSignal,
): Promise<readonly UploadedFile[]> {
  const open: OpenFile[] = []
  try {
    const refusals: string[] = []
    for (const path of paths ?? []) {
      try {
        open.push(await OpenFile.open(path, rules))
      } catch (error) {
        const why = error instanceof RefusedFile ? error.message : `cannot be read: ${describeError(error)}`
        refusals.push(`- ${plainText(path, 300)} ${why}`)
      }
    }
    if (refusals.length > 0) throw new ToolFailure(['Nothing was sent.', ...refusals].join('\n'))
    const files: UploadedFile[] = []
    for (const file of open) files.push(await uploadFile(client, file, signal))
    return files
  } finally {
    await Promise.allSettled(open.map((file) => file.close()))
  }
}

/** Adds to a result the names of the files sent with it. */
export function withFiles(outcome: Outcome, files: readonly UploadedFile[], remark = ''): Outcome {
  if (files.length === 0) return outcome
  const list = files.map(({ name, size }) => `${name} (${size} bytes)`).join(', ')
  return { ...outcome, text: `${outcome.text}\nFiles attached: ${list}.${remark}` }
}
