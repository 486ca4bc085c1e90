/** Gives a wake to the backend, and its answer to whom it reports to: the parent workspace, or the person. */
import { describeError } from '../base/errors.ts'
import { taskResult } from '../member/client/inbound.ts'
import { listPeers } from '../member/client/registry.ts'
import { lookUpWorkspace } from '../member/client/workspace.ts'
import type { Workspace } from '../member/workspace/workspace.ts'
import type { Backend, Request } from './backend/backend.ts'
import type { Replies } from './replies.ts'
import { answerId } from './reply-route.ts'
import { requestFor } from './request.ts'
import { type Finished, type Wakes, wakeText } from './wakes.ts'

export interface WakeUpOptions {
  readonly workspace: Workspace
  readonly backend: Backend
  readonly replies: Replies
  readonly wakes: Wakes
  /** The file of the outcomes. */
  readonly file: string
}

interface Parent {
  readonly id: string
  readonly name: string
}

export class WakeUp {
  readonly #options: WakeUpOptions
  /** Looked up once; null when there is none. */
  #parent: Parent | null | undefined

  constructor(options: WakeUpOptions) {
    this.#options = options
  }

  /** Whether the backend is to be told of something now. */
  get isDue(): boolean {
    return this.#options.wakes.due() !== undefined
  }

  /** @throws the abort reason. */
  async run(): Promise<void> {
    const { workspace, backend, wakes, file } = this.#options
    const { signal, clock, warn } = workspace
    const finished = wakes.due()
    if (finished === undefined) return
    wakes.postpone()
    const parent = await this.#findParent()
    const request = wakeRequest(workspace.id, finished, wakeText(finished, file, parent?.name), clock.now())
    try {
      const reply = await backend.answer(request, signal)
      if (reply !== undefined && reply.text.trim() !== '') await this.#report(request, reply.text, parent)
      wakes.told(finished)
    } catch (error) {
      signal.throwIfAborted()
      warn(`could not tell its backend of ${finished.length} finished tasks: ${describeError(error)}`)
    }
  }

  async #report({ activityId }: Request, text: string, parent: Parent | undefined): Promise<void> {
    const { replies, workspace } = this.#options
    const to = taskResult({ id: activityId, status: 'completed', text: '', peerId: parent?.id ?? null })
    const kind = parent === undefined ? 'delegation_result' : 'peer_agent'
    const reason = await replies.send(activityId, { ...to, kind, delegationId: null }, { text }, 'answer')
    if (reason !== undefined) workspace.warn(`could not report on finished tasks: ${reason}`)
  }

  async #findParent(): Promise<Parent | undefined> {
    if (this.#parent !== undefined) return this.#parent ?? undefined
    const { client, signal, log } = this.#options.workspace
    try {
      const found = await lookUpWorkspace(client, signal)
      const id = found.state === 'present' ? found.info.parent_id : null
      const peers = id == null ? [] : await listPeers(client, signal)
      const name = peers.find((peer) => peer.id === id)?.name
      this.#parent = id == null ? null : { id, name: name ?? id }
    } catch (error) {
      signal.throwIfAborted()
      log(`cannot tell whom it reports to: ${describeError(error)}`)
    }
    return this.#parent ?? undefined
  }
}

/** The wake as a message of our own: nobody else's words are in it. Pure. */
function wakeRequest(workspaceId: string, finished: readonly Finished[], text: string, now: number): Request {
  const activityId = `wake-${answerId(workspaceId, finished.map(({ id }) => id).join(' '), 'wake')}`
  const arrived = { workspaceId, activityId, createdAt: new Date(now).toISOString(), redelivered: false }
  const result = taskResult({ id: '', status: 'completed', text, peerId: null })
  const request = requestFor(arrived, { ...result, delegationId: null, taskStatus: null }, [])
  return { ...request, method: 'wake' }
}
