/** What the client sends to the model, read back: the pure half of the stand-in for the model's API. */
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
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(blockSchema)]) })),
})
type Content = z.infer<typeof requestSchema>['messages'][number]['content']

export interface ModelRequest {
  readonly model: string
  readonly streamed: boolean
  /** Names of the tools the model may call; none in the client's own side questions, such as a title. */
  readonly tools: readonly string[]
  /** Everything that is said to the model, oldest first. A request repeats the whole conversation. */
  readonly texts: readonly string[]
  /** The results of the tools that were called last. */
  readonly results: readonly string[]
}

/** A message of the channel as the model was given it. */
export interface Shown {
  readonly text: string
  readonly meta: Readonly<Record<string, string>>
  /** Put into a running turn instead of opening one. */
  readonly duringTurn: boolean
}

/** @throws ZodError when it is no request to the model. */
export function readRequest(body: unknown): ModelRequest {
  const { model, stream, tools, messages } = requestSchema.parse(body)
  const said = messages.filter(({ role }) => role !== 'assistant')
  const newest = said.findLast(({ content }) => resultsIn(content).length > 0)
  return {
    model,
    streamed: stream,
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

const EVENT =
  /(while you were working:\s*)?<channel source="plugin:molecule:molecule"([^>]*)>\n([\s\S]*?)\n<\/channel>/g

/** The messages of the channel that stand in the conversation, oldest first; one that was shown twice stands there twice. */
export function shownIn({ texts }: Pick<ModelRequest, 'texts'>): readonly Shown[] {
  return texts.flatMap((text) =>
    [...text.matchAll(EVENT)].map(([, mark, attributes = '', body = '']) => ({
      text: body,
      meta: Object.fromEntries(
        [...attributes.matchAll(/ (\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
      ),
      duringTurn: mark !== undefined,
    })),
  )
}
