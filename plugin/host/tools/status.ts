import { z } from 'zod'
import { READS_SESSION } from './annotations.ts'
import { defineTool } from './tool.ts'

/** One screen: configuration, locks, presence, messages, last errors. */
export const status = defineTool({
  name: 'status',
  title: 'Show the state of the connection',
  description:
    'Shows whether this session is connected to its Molecule platform: configuration and its problems, whether it receives messages and why, presence, waiting messages, last errors, the log file. Call it when messages do not seem to arrive.',
  // Accepts any arguments, since it is called when something is wrong.
  input: z.object({}),
  annotations: READS_SESSION,
  worksUnconfigured: true,
  handle: async (_args, context, signal) => ({ text: context.statusReport(await context.check(signal)) }),
})
