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
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace, outgoingText } from './arguments.ts'
import { resolveSender } from './sender.ts'
import { defineTool } from './tool.ts'

const input = z.strictObject({
  content: outgoingText.describe('What to remember, self-contained.'),
  scope: z
    .enum(SCOPES)
    .default('LOCAL')
    .describe('LOCAL: this workspace. TEAM: its team. GLOBAL: everyone; only a root workspace may.'),
  _as_workspace: asWorkspace,
})

/** Stores a fact on the platform. */
export const commitMemory = defineTool({
  name: 'commit_memory',
  title: 'Remember',
  description:
    "Stores a fact in the platform's memory, where you (LOCAL), your team (TEAM) or everyone (GLOBAL) can find it with recall_memory. Do not store secrets: the platform removes what looks like one.",
  input,
  annotations: WRITES_PLATFORM,
  async handle({ content, scope, _as_workspace }, context, signal) {
    const client = resolveSender(context, _as_workspace)
    const id = await writeMemory(client, content, scope, signal)
    return {
      text: `Remembered (${scope}, id ${id}).${await redactionNote(client, id, content, scope, signal)}`,
    }
  },
})

/** Platforms silently replace what looks like a secret; only the stored text shows it. */
async function redactionNote(
  client: PlatformClient,
  id: string,
  content: string,
  scope: MemoryScope,
  signal: AbortSignal,
): Promise<string> {
  try {
    const { items } = await recallMemories(client, undefined, scope, signal)
    const stored = items.find((memory) => memory.id === id)
    return stored !== undefined && wasRedacted(content, stored.content)
      ? ' Note: the platform removed a part that looked like a secret (long paths and hashes do, too). Reword it if that part matters.'
      : ''
  } catch (error) {
    // The memory is stored; only its final wording is unknown.
    return ` Could not check whether the platform changed it: ${describeError(error)}`
  }
}
