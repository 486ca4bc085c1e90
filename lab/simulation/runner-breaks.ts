/** Breaks of a runner, by the test that catches them. */
import type { Break } from './mutations.ts'

const PROGRAM = 'runner/backend/program.ts'

export const RUNNER_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'runner/answers': [
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
      find: 'isUnreachable || failures >= MAX_FAILURES || refusals',
      replace: 'refusals',
    },
  ],
  'runner/delegation-results': [
    {
      name: 'the outcome of a task is written down again after a crash',
      file: 'runner/delegation-results.ts',
      find: 'if (stored.attempts === 0 || ',
      replace: 'if (stored.attempts >= 0 || ',
    },
    {
      name: 'a line that was broken off spoils the next outcome',
      file: 'runner/delegation-results.ts',
      find: "const isBroken = tail !== '' && ",
      replace: "const isBroken = tail === '' && ",
    },
  ],
  'runner/worker': [
    {
      name: 'the end of a process while an answer waits for the platform counts as a crash of its message',
      file: 'runner/worker.ts',
      find: '    await this.#settleCrashes(stored, isFatal ? MAX_CRASHES : 0)\n',
      replace: '',
    },
    {
      name: 'a person is not told of a failed task while the platform does not work',
      file: 'runner/worker.ts',
      find: 'if (sentence !== undefined) await this.#tellPerson(stored, message, sentence)',
      replace: 'if (sentence !== undefined) void this.#tellPerson(stored, message, sentence)',
    },
  ],
  'runner/conversations': [
    {
      name: 'two programs answer each other forever',
      file: 'runner/conversations.ts',
      find: 'length >= MAX_ANSWERS',
      replace: 'length > MAX_ANSWERS * 100',
    },
  ],
}
