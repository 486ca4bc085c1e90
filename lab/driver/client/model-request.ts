/** Reads what the client sends to the model. Pure. */
import { z } from 'zod'

const blockSchema = z.object({
  type: z.string(),
  text: z.string().optional(),
  content: z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).optional(),
})
const requestSchema = z.object({
  model: z.string().default('stand-in'),
  stream: z.boolean().default(false),
  tools: z.array(z.object({ name: z.string() })).default([]),
  system: z.union([z.string(), z.array(blockSchema)]).default([]),
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(blockSchema)]) })),
})
type Content = z.infer<typeof requestSchema>['messages'][number]['content']

export interface ModelRequest {
  readonly model: string
  readonly streamed: boolean
  /** What the model was told before the conversation. */
  readonly system: string
  /** Names of the tools the model may call; none in the client's side requests, such as for a title. */
  readonly tools: readonly string[]
  /** Everything said to the model, oldest first. A request repeats the whole conversation. */
  readonly texts: readonly string[]
  /** The results of the last tool calls. */
  readonly results: readonly string[]
}

/** A message of the channel as the model saw it. */
export interface Shown {
  readonly text: string
  readonly meta: Readonly<Record<string, string>>
  /** Whether it came into a running turn instead of opening one. */
  readonly duringTurn: boolean
}

/** @throws ZodError when the body is no request to the model. */
export function readRequest(body: unknown): ModelRequest {
  const { model, stream, system, tools, messages } = requestSchema.parse(body)
  const said = messages.filter(({ role }) => role !== 'assistant')
  const newest = said.findLast(({ content }) => resultsIn(content).length > 0)
  return {
    model,
    streamed: stream,
    system: textsIn(system).join('\n'),
    tools: tools.map(({ name }) => name),
    texts: said.flatMap(({ content }) => [...resultsIn(content), ...textsIn(content)]),
    results: newest === undefined ? [] : resultsIn(newest.content),
  }
}

function textsIn(content: Content): readonly string[] {
  if (typeof content === 'string') return [content]
  return content.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []))
}

function resultsIn(content: Content): readonly string[] {
  if (typeof content === 'string') return []
  return content.flatMap(({ type, content: result }) => {
    if (type !== 'tool_result' || result === undefined) return []
    return [typeof result === 'string' ? result : result.map(({ text = '' }) => text).join('\n')]
  })
}

/** A message as `read_messages` gives it: a line of attributes, and the text, indented. */
const READ = /^Message \d+ of \d+: ([^\n]*)\n\n((?: {2}[^\n]*(?:\n|$)|\n(?= {2}))*)/gm

const EVENT =
  /(while you were working:\s*)?<channel source="plugin:molecule:molecule"([^>]*)>\n([\s\S]*?)\n<\/channel>/g

/** The messages in the conversation, oldest first: of the channel, and those that were read. One shown twice appears twice. */
export function shownIn({ texts }: Pick<ModelRequest, 'texts'>): readonly Shown[] {
  return texts.flatMap((text) => [
    ...[...text.matchAll(EVENT)].map(([, mark, attributes = '', body = '']) => ({
      text: body,
      meta: attributesIn(` ${attributes}`),
      duringTurn: mark !== undefined,
    })),
    ...[...text.matchAll(READ)].map(([, attributes = '', body = '']) => ({
      text: body.trimEnd().replace(/^ {2}/gm, ''),
      meta: attributesIn(` ${attributes}`),
      duringTurn: true,
    })),
  ])
}

function attributesIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/ (\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  )
}

/** The bells in the conversation, oldest first, each with its words. */
export function bellsIn({ texts }: Pick<ModelRequest, 'texts'>): readonly string[] {
  return texts.flatMap((text) => [...text.matchAll(/Molecule: [^\n]*\(bell [^\n]*\)/g)].map(([bell]) => bell))
}
