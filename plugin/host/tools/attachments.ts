/** Files that a tool sends along: opened and judged all of them, before the first byte of any leaves. */
import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { plainText } from '../../../base/plain-text.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import { type UploadedFile, uploadFile } from '../../../member/client/uploads.ts'
import { OpenFile, type OutgoingRules, RefusedFile } from '../../../member/files/outgoing-files.ts'
import { failure, type Outcome } from './tool.ts'

/** As many as platforms advise for one message. */
const MAX_FILES = 10

export const attachments = z
  .array(z.string().min(1).max(4_096))
  .max(MAX_FILES, `must be at most ${MAX_FILES} files`)
  .optional()
  .describe('Files to send along: their absolute paths on this machine.')

export type Uploaded =
  | { readonly ok: true; readonly files: readonly UploadedFile[] }
  | { readonly ok: false; readonly outcome: Outcome }

/**
 * Puts files on the platform, all or none of them as far as that can be known before.
 *
 * @throws PlatformError when the platform does not take one.
 */
export async function uploadAll(
  client: PlatformClient,
  paths: readonly string[] | undefined,
  rules: OutgoingRules,
  signal: AbortSignal,
): Promise<Uploaded> {
  const open: OpenFile[] = []
  try {
    const refusals: string[] = []
    for (const path of paths ?? []) {
      try {
        open.push(await OpenFile.open(path, rules))
      } catch (error) {
        const why = error instanceof RefusedFile ? error.message : `cannot be read: ${describeError(error)}`
        refusals.push(`${plainText(path, 300)} ${why}`)
      }
    }
    if (refusals.length > 0) {
      return {
        ok: false,
        outcome: failure(`Nothing was sent.\n${refusals.map((text) => `- ${text}`).join('\n')}`),
      }
    }
    const files: UploadedFile[] = []
    for (const file of open) files.push(await uploadFile(client, file, signal))
    return { ok: true, files }
  } finally {
    await Promise.allSettled(open.map((file) => file.close()))
  }
}

/** Under the result: what went along. */
export function withFiles(outcome: Outcome, files: readonly UploadedFile[], remark = ''): Outcome {
  if (files.length === 0 || outcome.isError === true) return outcome
  const list = files.map(({ name, size }) => `${name} (${size} bytes)`).join(', ')
  return { ...outcome, text: `${outcome.text}\nFiles sent along: ${list}.${remark}` }
}
