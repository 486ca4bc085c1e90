/** Answers with a function of the user's own, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { z } from 'zod'
import { type Backend, BackendFailure, OptionError, type Reply, type Request } from './backend.ts'
import { ErrorOutput } from './error-output.ts'
import { type Message, MODULE_HOST, messageSchema, type Question } from './module-host.ts'
import { duration, type GivenOptions, readOptions } from './options.ts'
import { killGroup } from './program.ts'
import type { ProgramSurroundings } from './program-call.ts'

const OPTIONS = {
  module: z
    .string()
    .regex(
      /^[^#]+(?:#[\p{ID_Start}$_][\p{ID_Continue}$]*)?$/u,
      'must be FILE or FILE#EXPORT, such as answer.ts#answer',
    ),
  timeout: duration.default(300_000),
}

/** How long the module may take to be loaded. */
const LOAD_MS = 30_000

/** @throws OptionError when the module cannot be used. */
export async function moduleBackend(
  given: GivenOptions,
  surroundings: ProgramSurroundings,
): Promise<Backend> {
  const { module, timeout } = readOptions('module', given, OPTIONS, surroundings.warn)
  const [path = '', name = 'default'] = module.split('#')
  const host = new ModuleHost([path, name], timeout, surroundings)
  await host.load()
  return {
    name: 'module',
    runtime: { capabilities: {} },
    answer: (request, signal) => host.answer(request, signal),
    close: async () => host.end(),
  }
}

class ModuleHost {
  readonly #argv: readonly string[]
  readonly #timeoutMs: number
  readonly #surroundings: ProgramSurroundings
  #child: ChildProcess | undefined
  #outputs: readonly ErrorOutput[] = []
  #questions = 0

  constructor(argv: readonly string[], timeoutMs: number, surroundings: ProgramSurroundings) {
    this.#argv = argv
    this.#timeoutMs = timeoutMs
    this.#surroundings = surroundings
  }

  /** @throws OptionError */
  async load(): Promise<void> {
    const loaded = await this.#start()
    if (loaded !== undefined) throw new OptionError(`--backend-opt module: ${loaded}.`)
  }

  /** One question at a time for each workspace; several workspaces share the process. */
  async answer(request: Request, signal: AbortSignal): Promise<Reply | undefined> {
    signal.throwIfAborted()
    if (this.#child === undefined) {
      const problem = await this.#start()
      if (problem !== undefined) throw new BackendFailure(`The module is lost: ${problem}.`)
    }
    for (const output of this.#outputs) output.begin()
    const id = ++this.#questions
    const question: Question = { id, request }
    const message = await this.#exchange(
      this.#timeoutMs,
      signal,
      (one) => 'id' in one && one.id === id,
      question,
    )
    if (message === undefined)
      throw new BackendFailure('The process of the module did not answer in time, or ended.')
    if (message.kind === 'failed') throw new BackendFailure(`${message.reason}.`)
    return message.kind === 'reply' && message.text !== null ? { text: message.text } : undefined
  }

  end(): void {
    const child = this.#child
    this.#child = undefined
    killGroup(child?.pid)
  }

  /** Returns why the module cannot be used; undefined when it can. */
  async #start(): Promise<string | undefined> {
    const { environment, log } = this.#surroundings
    const child = fork(process.argv[1] ?? '', [MODULE_HOST, ...this.#argv], {
      detached: true,
      env: { ...environment },
      execPath: process.execPath,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const outputs: ErrorOutput[] = []
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new ErrorOutput(log)
      outputs.push(lines)
      stream
        ?.setEncoding('utf8')
        .on('data', (text: string) => lines.push(text))
        .on('end', () => lines.end())
    }
    this.#child = child
    this.#outputs = outputs
    const lose = (): void => {
      if (this.#child === child) this.end()
    }
    // It cannot be started, or has closed its channel.
    child.on('error', lose).on('disconnect', lose).on('exit', lose)
    const isLoaded = (one: Message): boolean => one.kind === 'ready' || one.kind === 'unusable'
    const message = await this.#exchange(LOAD_MS, undefined, isLoaded)
    if (message?.kind === 'ready') return undefined
    this.end()
    return message?.kind === 'unusable' ? message.reason : 'its process ended, or did not load it in time'
  }

  /**
   * Waits for a message of the process. Undefined when it ends first, or takes too long; then it is ended, since nothing
   * else stops a function that never returns.
   */
  #exchange(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    isWanted: (message: Message) => boolean,
    question?: Question,
  ): Promise<Message | undefined> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<Message | undefined>()
    const onMessage = (value: unknown): void => {
      const message = messageSchema.safeParse(value)
      if (message.success && isWanted(message.data)) resolve(message.data)
    }
    const onExit = (): void => resolve(undefined)
    const giveUp = (): void => {
      this.end()
      if (signal?.aborted === true) reject(signal.reason)
      else resolve(undefined)
    }
    const cancel = this.#surroundings.clock.after(timeoutMs, giveUp)
    child?.on('message', onMessage)
    child?.on('exit', onExit).on('disconnect', onExit).on('error', onExit)
    signal?.addEventListener('abort', giveUp, { once: true })
    if (question !== undefined) child?.send(question)
    return promise.finally(() => {
      cancel()
      child?.off('message', onMessage)
      child?.off('exit', onExit).off('disconnect', onExit).off('error', onExit)
      signal?.removeEventListener('abort', giveUp)
    })
  }
}
