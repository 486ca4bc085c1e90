/** Answers with a template: for trying a workspace out, and for tests. */
import { z } from 'zod'
import type { Backend } from './backend.ts'
import { type GivenOptions, readOptions } from './options.ts'

/** Every `%s` of the template stands for the text of the message. */
export function mockBackend(given: GivenOptions, warn: (sentence: string) => void): Backend {
  const { reply } = readOptions('mock', given, { reply: z.string().default('echo: %s') }, warn)
  return {
    name: 'mock',
    runtime: { capabilities: {} },
    answer: async ({ text }) => ({ text: reply.replaceAll('%s', () => text) }),
    close: async () => {},
  }
}
