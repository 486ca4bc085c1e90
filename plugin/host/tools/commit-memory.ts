import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import {
  type MemoryScope,
  recallMemories,
  SCOPES,
  wasRedacted,
  commitMemory as writeMemory,
} from '../../../member/client/memories.ts'
import { asWorkspace, outgoingText, resolveSender } from './sender.ts'
import { defineTool } from './tool.ts'

const input = z.strictObject({
  content: outgoingText.describe('What to remember, complete in itself.'),
  scope: z
    .enum(SCOPES)
    .default('LOCAL')
    .describe('LOCAL: this workspace. TEAM: its team. GLOBAL: everyone; only a root workspace may.'),
  _as_workspace: asWorkspace,
})

/** Writes a fact down on the platform. */
export const commitMemory = defineTool({
  name: 'commit_memory',
  title: 'Remember',
  description:
    "Writes a fact into the platform's memory, where you (LOCAL), your team (TEAM) or everyone (GLOBAL) find it again with recall_memory. Do not store secrets: the platform removes what looks like one.",
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async handle({ content, scope, _as_workspace }, context, signal) {
    const client = resolveSender(context, _as_workspace)
    const id = await writeMemory(client, content, scope, signal)
    return {
      text: `Remembered (${scope}, id ${id}).${await redactionNote(client, id, content, scope, signal)}`,
    }
  },
})

/** Platforms replace what looks like a secret without a word; the stored text tells. */
async function redactionNote(
  client: PlatformClient,
  id: string,
  content: string,
  scope: MemoryScope,
  signal: AbortSignal,
): Promise<string> {
  try {
    const stored = (await recallMemories(client, undefined, scope, signal)).find((memory) => memory.id === id)
    return stored !== undefined && wasRedacted(content, stored.content)
      ? ' Note: the platform took out a part that looked like a secret (long paths and hashes do, too). Word it differently if that part matters.'
      : ''
  } catch (error) {
    // It is remembered; only how it was stored is not known.
    return ` Whether the platform changed it could not be checked: ${describeError(error)}`
  }
}
