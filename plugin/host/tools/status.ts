import { z } from 'zod'
import { defineTool } from './tool.ts'

/** One screen: configuration, lock, presence, cursor, last errors, host. */
export const status = defineTool({
  name: 'status',
  title: 'Show the state of the connection',
  description:
    'Shows whether this session is connected to its Molecule platform: configuration and what is wrong with it, whether it receives messages and why, presence, waiting messages, last errors, where the log is. Call it when something seems not to arrive.',
  // Anything goes in: it is called when something is wrong.
  input: z.object({}),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  worksUnconfigured: true,
  handle: async (_args, context) => ({ text: context.statusReport() }),
})
