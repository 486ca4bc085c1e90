/** Breaks of how a workspace is held, registered, read and given up, by the test that catches them. */
import type { Break } from './mutations.ts'

const MEMBERSHIPS = 'member/workspace/memberships.ts'
const MEMBERSHIP = 'member/workspace/membership.ts'
const TENURE = 'member/workspace/tenure.ts'
const PRESENCE = 'member/workspace/presence.ts'
const VALIDITY = 'member/workspace/validity.ts'

export const WORKSPACE_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'member/workspace/stopped-holder': [
    {
      name: 'a session whose lock was taken goes on holding until its next check',
      file: MEMBERSHIP,
      find: ' && !this.#options.lock.lost',
      replace: '',
    },
    {
      name: 'a session that hangs keeps its workspaces whatever claims them',
      file: 'member/folder/holder-watch.ts',
      find: 'return isHere && before !== undefined',
      replace: 'return false && before !== undefined',
    },
    {
      name: 'a session that sleeps with its machine counts as one that hangs',
      file: 'member/folder/holder-watch.ts',
      find: 'Math.min(Math.abs(now - before.lookedAt), MAX_GAP_MS)',
      replace: 'Math.abs(now - before.lookedAt)',
    },
    {
      name: 'a stopped host is written to',
      file: 'plugin/host/event/outlet.ts',
      find: 'if (isHostStopped()) return undefined',
      replace: '',
    },
  ],
  'member/workspace/inquiries': [
    {
      name: 'an event about a question to the person is not passed on',
      file: TENURE,
      find: 'if (isRequestHint(event)) this.#inquiries.notify()',
      replace: '',
    },
    {
      name: 'where no session receives, inbox looks for no answer of a person',
      file: 'plugin/session/observer.ts',
      find: 'inquiries.look()',
      replace: 'Promise.resolve()',
    },
    {
      name: 'the platform is not told that nobody waits for more words of a person',
      file: 'member/workspace/inquiry-watch.ts',
      find: 'await cancelRequest(client, inquiry.id, signal)',
      replace: '',
    },
  ],
  'member/workspace/acknowledgement': [
    {
      name: 'nothing is ever acknowledged',
      file: 'member/workspace/acknowledgement.ts',
      find: '() => void this.#send()',
      replace: '() => {}',
    },
    {
      name: 'what is sent is not acknowledged until the workspace is taken over',
      file: TENURE,
      find: `    this.#room.notify()
    this.#acknowledgement.schedule()
`,
      replace: '    this.#room.notify()\n',
    },
    {
      name: 'what an earlier session sent is acknowledged only with the next message',
      file: TENURE,
      find: `      this.#acknowledgement.schedule()
    }`,
      replace: '    }',
    },
    {
      name: 'a platform that does not know the acknowledgement is asked repeatedly',
      file: 'member/workspace/acknowledgement.ts',
      find: 'this.#supported = false',
      replace: '{}',
    },
  ],
  'member/workspace/presence': [
    {
      name: 'a workspace is registered although the platform does not know it',
      file: PRESENCE,
      find: 'if (!(await validity.exists())) {',
      replace: 'if (!(await validity.exists()) && false) {',
    },
    {
      name: 'several workspaces beat at the same moment',
      file: PRESENCE,
      find: 'index * STAGGER_MS',
      replace: '0',
    },
    {
      name: 'a platform that fails counts as one that hides its workspaces',
      file: VALIDITY,
      find: "if (error instanceof PlatformError && error.kind !== 'retry') return true",
      replace: 'return true',
    },
  ],
  'member/workspace/validity': [
    {
      name: 'a workspace that is given up keeps beating',
      file: TENURE,
      find: '    this.#presence.end()\n',
      replace: '',
    },
    {
      name: 'a workspace that is valid again is not registered again',
      file: TENURE,
      find: '    void this.#presence.begin()\n',
      replace: '',
    },
    {
      name: 'a workspace that is valid again has two heartbeats',
      file: PRESENCE,
      find: `    this.#heartbeat?.abort()
    const controller`,
      replace: '    const controller',
    },
    {
      name: 'a workspace that is given up is asked for often while its platform is down',
      file: VALIDITY,
      find: "    if (this.#dead !== undefined) return 'dead'\n",
      replace: '',
    },
    {
      name: 'a single refusal is believed',
      file: VALIDITY,
      find: 'const DEAD_AFTER_REFUSALS = 5',
      replace: 'const DEAD_AFTER_REFUSALS = 1',
    },
    {
      name: 'refusals are believed at once',
      file: VALIDITY,
      find: 'const DEAD_AFTER_MS = 30_000',
      replace: 'const DEAD_AFTER_MS = 0',
    },
    {
      name: 'a refusal is believed while the platform is unwell',
      file: VALIDITY,
      find: "if (!(error instanceof PlatformError) || error.kind !== 'gone') return undefined",
      replace: '',
    },
    {
      name: 'refusals are counted across successes',
      file: VALIDITY,
      find: `    this.#refusals = 0
    return wasDead`,
      replace: '    return wasDead',
    },
  ],
  'member/workspace/tasks': [
    {
      name: 'a look at the feed does not trigger a lookup of tasks',
      file: TENURE,
      find: '    this.#tasks.notify()\n',
      replace: '',
    },
    {
      name: 'tasks are looked up as often as the feed is read',
      file: 'member/workspace/task-watch.ts',
      find: 'if (asks) await sleep(PAUSE_MS, signal, clock)',
      replace: '',
    },
    {
      name: 'the result of a task waits for the next message',
      file: 'member/workspace/task-watch.ts',
      find: "if (stored !== undefined) events.emit('stored')",
      replace: '',
    },
  ],
  'member/workspace/reading': [
    {
      name: 'reading continues though too much waits',
      file: 'member/workspace/feed.ts',
      find: `    for (let forgotten = 0; ; ) {
      await this.#room()
`,
      replace: `    for (let forgotten = 0; ; ) {
`,
    },
    {
      name: 'reading of the feed resumes only at the next check for room',
      file: TENURE,
      find: '    this.#room.notify()\n',
      replace: '',
    },
  ],
  'member/workspace/takeover': [
    {
      name: 'the beginning of a feed is not flushed to the disk',
      file: 'member/ledger/workspace-ledger.ts',
      find: 'if (isFirst || this.#flushDue) this.#flush()',
      replace: '',
    },
    {
      name: 'the beginning of a feed is not flushed for a holder that died',
      file: 'member/ledger/workspace-ledger.ts',
      find: '    this.#flush()\n    return new RecoverySteps(',
      replace: '    return new RecoverySteps(',
    },
    {
      name: 'reading begins before the ledger was taken over',
      file: TENURE,
      find: 'const recovery = await this.#recover()',
      replace: 'void this.#poll()\n    const recovery = await this.#recover()',
    },
    {
      name: 'the host is not told of messages that were never confirmed',
      file: 'plugin/session/receiver.ts',
      find: 'givenUp + presumed',
      replace: '0',
    },
  ],
  'member/ledger/recovery': [
    {
      name: 'starts of deaf sessions use up the attempts of a message',
      file: 'member/ledger/recovery.ts',
      find: 'unseen = unseen + 1',
      replace: 'unseen = unseen',
    },
    {
      name: 'a receipt for a message that waits to be shown again is ignored',
      file: 'member/ledger/ledger.ts',
      find: " OR state IN ('received', 'held') AND attempts > 0",
      replace: '',
    },
  ],
  'member/workspace/claim': [
    {
      name: 'a holder ignores claims',
      file: MEMBERSHIPS,
      find: 'membership.heedClaim()',
      replace: '{}',
    },
    {
      name: 'a session takes a lock that another one claims',
      file: MEMBERSHIP,
      find: 'claim === undefined ? this.#tryLock()',
      replace: 'true ? this.#tryLock()',
    },
    {
      name: 'a lock is kept after the workspace was released',
      file: MEMBERSHIP,
      find: `      lock.close()
`,
      replace: '',
    },
    {
      name: 'a claim waits for the next try of the lock',
      file: MEMBERSHIP,
      find: '        this.#wake.notify()\n',
      replace: '',
    },
    {
      name: 'a claim outlives its call',
      file: MEMBERSHIP,
      find: `      this.#claim = undefined
      claims.clear(claimant.session, clock.now())`,
      replace: '      this.#claim = undefined',
    },
  ],
  'member/workspace/membership': [
    {
      name: 'a workspace is released before its work has ended',
      file: MEMBERSHIP,
      find: '    this.#tenure.end()\n',
      replace: '    this.#tenure.end()\n    this.#options.lock.close()\n',
    },
  ],
  'member/workspace/records': [
    {
      name: 'the record of a holder outlives its session',
      file: MEMBERSHIPS,
      find: 'for (const workspaceId of this.#records.keys()) this.#removeRecord(workspaceId)',
      replace: '',
    },
    {
      name: 'secrets of an earlier session are printed',
      file: MEMBERSHIPS,
      find: 'this.#hide(id, readIssued(paths.secrets, id))',
      replace: '',
    },
    {
      name: 'secrets that come with heartbeats are not kept',
      file: PRESENCE,
      find: '      keepIssued(result.secrets)\n',
      replace: '',
    },
  ],
}
