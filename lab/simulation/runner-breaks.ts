/** Breaks of a runner, by the test that catches them. */
import type { Break } from './mutations.ts'

const WORKER = 'runner/worker.ts'
const PROGRAM = 'runner/backend/program.ts'

export const RUNNER_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'runner/answers': [
    {
      name: 'a message counts as answered before its answer has left',
      file: WORKER,
      find: "const reason = outcome === undefined ? undefined : await this.#send(stored, message, outcome, 'answer')",
      replace: `await this.#finish(stored)
    const reason = outcome === undefined ? undefined : await this.#send(stored, message, outcome, 'answer')`,
    },
    {
      name: 'an answer that is sent again has another id',
      file: 'runner/replies.ts',
      find: 'const messageId = answerId(id, activityId, what)',
      replace: 'const messageId = crypto.randomUUID()',
    },
    {
      name: 'a runner answers the newest message first',
      file: 'member/ledger/work-queue.ts',
      find: "state = 'received' ORDER BY ord LIMIT 1",
      replace: "state = 'received' ORDER BY ord DESC LIMIT 1",
    },
    {
      name: 'a backend that was repaired is still reported as one that needs a repair',
      file: 'runner/health.ts',
      find: 'this.#wedged = undefined\n',
      replace: '\n',
    },
  ],
  'runner/program': [
    {
      name: 'a program that outlives its runner has a part of its input',
      file: PROGRAM,
      find: 'for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, at)',
      replace: 'writeSync(handle, bytes, 0, Math.min(bytes.length, 65_536), 0)',
    },
  ],
  'runner/replies': [
    {
      name: 'a peer that takes no answer holds up the others for as long as it likes',
      file: 'runner/replies.ts',
      find: 'const mayBeReceiver = isUnreachable || failures >= MAX_FAILURES',
      replace: 'const mayBeReceiver = false',
    },
  ],
  'runner/conversations': [
    {
      name: 'two programs answer each other for ever',
      file: 'runner/conversations.ts',
      find: 'length >= MAX_ANSWERS',
      replace: 'length > MAX_ANSWERS * 100',
    },
  ],
}
