/**
 * A process of its own in which a user's module answers messages: whatever it does to its event loop, the heartbeats of
 * the workspace go on.
 */
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { describeError } from '../../base/errors.ts'
import type { Request } from './backend.ts'

/** Its first argument tells this program from the rest; path and export follow. */
export const MODULE_HOST = '--module-host'

const questionSchema = z.object({ id: z.number(), request: z.custom<Request>() })
export type Question = z.infer<typeof questionSchema>

/** What a module's function may return: text, an object with text, or nothing. */
const replySchema = z.union([
  z.string().transform((text) => ({ text })),
  z.object({ text: z.string() }),
  z.null().transform(() => undefined),
  z.undefined(),
])

export const messageSchema = z.union([
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('unusable'), reason: z.string() }),
  z.object({ kind: z.literal('reply'), id: z.number(), text: z.string().nullable() }),
  z.object({ kind: z.literal('failed'), id: z.number(), reason: z.string() }),
])
export type Message = z.infer<typeof messageSchema>

type Answer = (request: Request) => unknown

/** How often to look whether the parent is still there. */
const PARENT_CHECK_MS = 1_000
/**
 * Ends this process, and what it started, once its parent is gone. In a thread, since a function that never returns keeps
 * the event loop from noticing.
 */
const PARENT_WATCH = `const parent = process.ppid
const cell = new Int32Array(new SharedArrayBuffer(4))
for (;;) {
  Atomics.wait(cell, 0, 0, ${PARENT_CHECK_MS})
  if (process.ppid !== parent) process.kill(-process.pid, 'SIGKILL')
}`

/** Serves until its parent is gone. It must lead a process group. */
export async function serveModule([path = '', name = '']: readonly string[]): Promise<void> {
  new Worker(URL.createObjectURL(new Blob([PARENT_WATCH])), { smol: true }).unref()
  const send = (message: Message): void => {
    process.send?.(message)
  }
  process.on('disconnect', () => process.exit(0))
  const answer = await load(path, name)
  if (typeof answer === 'string') return send({ kind: 'unusable', reason: answer })
  process.on('message', async (message) => {
    const { id, request } = questionSchema.parse(message)
    try {
      const reply = replySchema.safeParse(await answer(request))
      if (reply.success) send({ kind: 'reply', id, text: reply.data?.text ?? null })
      else
        send({
          kind: 'failed',
          id,
          reason: 'It returned neither a text, nor an object with a text, nor nothing',
        })
    } catch (error) {
      send({ kind: 'failed', id, reason: `It threw: ${describeError(error)}` })
    }
  })
  send({ kind: 'ready' })
}

/** The function, or why there is none. */
async function load(path: string, name: string): Promise<Answer | string> {
  const file = isAbsolute(path) ? path : resolve(path)
  if (!(await Bun.file(file).exists())) return `there is no file ${file}`
  try {
    const loaded: Record<string, unknown> = await import(pathToFileURL(file).href)
    if (!Object.hasOwn(loaded, name)) {
      const names = Object.keys(loaded).join(', ')
      return `${file} has no export ${name}; it has ${names === '' ? 'none' : names}`
    }
    const answer = loaded[name]
    return isFunction(answer) ? answer : `the export ${name} of ${file} is not a function`
  } catch (error) {
    return `${file} cannot be imported: ${describeError(error)}`
  }
}

function isFunction(value: unknown): value is Answer {
  return typeof value === 'function'
}
