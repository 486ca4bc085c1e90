/** Breaks of the wiring: how a session holds, registers, beats, reads, gives up and ends. By the test that finds them. */
import type { Break } from './mutations.ts'

const MEMBERSHIPS = 'member/workspace/memberships.ts'
const MEMBERSHIP = 'member/workspace/membership.ts'
const TENURE = 'member/workspace/tenure.ts'
const PRESENCE = 'member/workspace/presence.ts'
const VALIDITY = 'member/workspace/validity.ts'
const EVENT_WATCH = 'member/workspace/event-watch.ts'
const SESSION = 'plugin/session/session.ts'
const ROLE = 'plugin/session/role.ts'
const CONFIGURATION = 'plugin/session/configuration.ts'

export const WIRING_BREAKS: Readonly<Record<string, readonly Break[]>> = {
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
      name: 'what an earlier session sent is not acknowledged',
      file: TENURE,
      find: `it sent.
    this.#acknowledgement.schedule()
`,
      replace: 'it sent.\n',
    },
    {
      name: 'a platform that does not know the acknowledgement is asked again and again',
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
      name: 'a workspace that is given up goes on beating',
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
      name: 'one refusal is believed',
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
      name: 'a look at the feed does not have the platform asked for tasks',
      file: TENURE,
      find: '    this.#tasks.notify()\n',
      replace: '',
    },
    {
      name: 'the result of a task waits for the next message',
      file: 'member/workspace/task-watch.ts',
      find: "events.emit('stored')",
      replace: 'undefined',
    },
  ],
  'member/workspace/reading': [
    {
      name: 'the feed is read on only at the next check for room',
      file: TENURE,
      find: '    this.#room.notify()\n',
      replace: '',
    },
    {
      name: 'a hint of the event stream is lost',
      file: TENURE,
      find: '() => this.#wake.notify()',
      replace: '() => {}',
    },
    {
      name: 'the poll does not know that the event stream broke',
      file: EVENT_WATCH,
      find: 'if (wasLive) this.#onHint()',
      replace: '',
    },
    {
      name: 'a platform without an event stream is asked for it again and again',
      file: EVENT_WATCH,
      find: 'refusals = refused ? refusals + 1 : 0',
      replace: 'refusals = 0',
    },
  ],
  'member/workspace/takeover': [
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
  'member/workspace/claim': [
    {
      name: 'a holder heeds no claim',
      file: MEMBERSHIPS,
      find: 'membership.heedClaim()',
      replace: '{}',
    },
    {
      name: 'a session takes a lock that another one claims',
      file: MEMBERSHIP,
      find: 'claim === undefined ? lock.tryTake()',
      replace: 'true ? lock.tryTake()',
    },
    {
      name: 'a lock is kept after the workspace was given away',
      file: MEMBERSHIP,
      find: `      lock.close()
`,
      replace: '',
    },
    {
      name: 'a claim outlives its call',
      file: MEMBERSHIP,
      find: `    } finally {
      claims.clear(claimant.session, clock.now())`,
      replace: '    } finally {',
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
      find: 'this.#options.keepIssued(result.secrets)',
      replace: '',
    },
  ],
  'plugin/session/configuration': [
    {
      name: 'a changed comment starts everything over',
      file: SESSION,
      find: "if (change !== 'changed' && !hasFolderNow) return",
      replace: "if (change === 'none' && !hasFolderNow) return",
    },
    {
      name: 'a file that became invalid stops nothing',
      file: SESSION,
      find: `    this.#role.end()
    this.#begin()
  }
}`,
      replace: `    if (this.#configuration.valid !== undefined) this.#role.end()
    this.#begin()
  }
}`,
    },
    {
      name: 'a changed file stays open to others',
      file: CONFIGURATION,
      find: 'const warning = tightenEnvFile(this.#options.envFile)',
      replace: 'const warning = undefined',
    },
  ],
  'plugin/session/state-folder': [
    {
      name: 'a replaced state folder goes unnoticed',
      file: SESSION,
      find: 'this.#ledger.loss() ?? ',
      replace: '',
    },
    {
      name: 'a lock that nobody else sees goes unnoticed',
      file: SESSION,
      find: "(lostLock ? 'replaced' : undefined)",
      replace: 'undefined',
    },
  ],
  'plugin/session/hearing': [
    {
      name: 'a host that shows nothing keeps its workspaces',
      file: ROLE,
      find: 'this.hearing.refute(unheard)',
      replace: 'return',
    },
    {
      name: 'a receipt after that changes nothing',
      file: ROLE,
      find: 'if (this.#observer !== undefined) clock.after(0, () => this.#considerReceiving())',
      replace: '',
    },
    {
      name: 'a new ledger does not know what was learned of the session',
      file: ROLE,
      find: 'if (isNew) {',
      replace: 'if (isNew && false) {',
    },
    {
      name: 'the last receipt is lost with the session',
      file: ROLE,
      find: '    this.#deferred.flush()\n',
      replace: '',
    },
  ],
  'plugin/session/session-end': [
    {
      name: 'a session that ended still checks its files',
      file: SESSION,
      find: '    this.#stopWatching?.()\n',
      replace: '',
    },
    {
      name: 'a lock outlives its session',
      file: MEMBERSHIP,
      find: '    this.#options.lock.close()\n',
      replace: '',
    },
  ],
  'plugin/session/session-life': [
    {
      name: 'a session is active before its host has finished connecting',
      file: SESSION,
      find: '    this.#relays = this.permissions.on\n',
      replace: '    this.#relays = this.permissions.on\n    queueMicrotask(() => this.activate(undefined))\n',
    },
  ],
}
