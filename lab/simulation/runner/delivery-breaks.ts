/** Breaks of what a runner does with a message, which the simulation of a runner must find. */
import type { Break } from '../mutations.ts'

const WORKER = 'runner/worker.ts'
const REPLIES = 'runner/replies.ts'
const QUEUE = 'member/ledger/work-queue.ts'

export const RUNNER_DELIVERY_BREAKS: readonly Break[] = [
  {
    name: 'a message counts as answered before its reply was taken',
    file: WORKER,
    find: "    const reason = outcome === undefined ? undefined : await this.#send(stored, message, outcome, 'answer')",
    replace: `    await this.#finish(stored)
    const reason = outcome === undefined ? undefined : await this.#send(stored, message, outcome, 'answer')`,
  },
  {
    name: 'the answer to a repeated message has another id',
    file: WORKER,
    find: 'this.#replies.send(stored.activityId, message, reply, what)',
    replace: "this.#replies.send(stored.activityId, message, reply, stored.attempts === 0 ? what : 'again')",
  },
  {
    name: 'work that begins is not counted',
    file: QUEUE,
    find: "SET state = 'sending', attempts = attempts + 1, session = ?",
    replace: "SET state = 'sending', attempts = attempts + 0, session = ?",
  },
  {
    name: 'a backend is not told that a message is a repeat',
    file: WORKER,
    find: 'const redelivered = stored.attempts > 0 || tries > 1',
    replace: 'const redelivered = tries > 1',
  },
  {
    name: 'the newest message is answered first',
    file: QUEUE,
    find: "state = 'received' ORDER BY ord LIMIT 1",
    replace: "state = 'received' ORDER BY ord DESC LIMIT 1",
  },
  {
    name: 'what a peer sends too fast waits forever',
    file: QUEUE,
    find: 'return received ?? held ?? undefined',
    replace: 'return received ?? undefined',
  },
  {
    name: 'a message is set aside without a word to its sender',
    file: WORKER,
    find: "      await this.#send(stored, message, { text: CANNOT_ANSWER }, 'failure')\n",
    replace: '',
  },
  {
    name: 'a message is set aside after its first failure',
    file: WORKER,
    find: 'tries >= MAX_TRIES) return failure',
    replace: 'tries >= 1) return failure',
  },
  {
    name: 'a message that no process survives is tried until the ledger gives it up',
    file: WORKER,
    find: 'const MAX_CRASHES = 5',
    replace: 'const MAX_CRASHES = 50',
  },
  {
    name: 'the first refusal of an answer is believed',
    file: REPLIES,
    find: 'if (works && hasWorked) {',
    replace: 'if (isRefused || (works && hasWorked)) {',
  },
  {
    name: 'an outage of the platform counts as a fault of the receiver',
    file: REPLIES,
    find: 'const works = mayBeFinal && !isBusy(error) && (await this.#platformAnswers())',
    replace: 'const works = mayBeFinal',
  },
  {
    name: 'a message is set aside while the backend waits for a repair',
    file: WORKER,
    find: 'if (failure.wedged !== undefined) health.wedged(failure.wedged)\n',
    replace: 'if (failure.wedged !== undefined && tries >= MAX_TRIES) return failure\n',
  },
  {
    name: 'a runner works on messages that a session holds',
    file: 'runner/served-workspace.ts',
    find: 'isDeliverable: () => membership.deliverable',
    replace: "isDeliverable: () => membership.workspace.id !== ''",
  },
  {
    name: 'an answer of which nobody knows whether it arrived counts as taken',
    file: REPLIES,
    find: "if (outcome.kind === 'unsure') throw",
    replace: "if (outcome.kind === 'unsure' && messageId === '') throw",
  },
  {
    name: 'a record that a full disk prevents is given up',
    file: WORKER,
    find: 'return await patiently(write, clock, signal)',
    replace: 'return await patiently(write, clock, signal).catch(() => {})',
  },
  {
    name: 'a message that arrived later overtakes one that waits for its sender to slow down',
    file: QUEUE,
    find: 'return received.ord < held.ord ? received : held',
    replace: 'return received',
  },
  {
    name: 'an answer does not name the task that it completes',
    file: 'runner/reply-route.ts',
    find: '      delegationId,\n    },',
    replace: '    },',
  },
]
