/** Breaks of how a session starts, changes and ends, by the test that catches them. */
import type { Break } from './mutations.ts'

const MEMBERSHIP = 'member/workspace/membership.ts'
const SESSION = 'plugin/session/session.ts'
const ROLE = 'plugin/session/role.ts'
const EXCHANGES = 'plugin/host/tools/peer-exchanges.ts'
const ANSWERS = 'plugin/host/tools/answer-record.ts'
const CONFIGURATION = 'member/folder/configuration.ts'

export const SESSION_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'plugin/session/configuration': [
    {
      name: 'a changed comment restarts everything',
      file: SESSION,
      find: "if (this.#configuration.update() === 'changed') {",
      replace: "if (this.#configuration.update() !== 'none') {",
    },
    {
      name: 'a file that became invalid stops nothing',
      file: SESSION,
      find: `      this.#role.end()
      this.#begin()
`,
      replace: `      if (this.#configuration.valid !== undefined) this.#role.end()
      this.#begin()
`,
    },
    {
      name: 'a changed file stays open to others',
      file: CONFIGURATION,
      find: 'const warning = tightenEnvFile(this.#options.envFile)',
      replace: 'const warning = undefined',
    },
  ],
  'plugin/session/peer-exchanges': [
    {
      name: 'a request to a peer ends with the call that made it',
      file: EXCHANGES,
      find: "patience.signal.addEventListener('abort', giveUp, { once: true })",
      replace: "patience.signal.addEventListener('abort', () => this.end(), { once: true })",
    },
    {
      name: 'what a peer answers after the call is not delivered before something else is',
      file: ANSWERS,
      find: 'if (stored !== undefined && !isTaken) onStored()',
      replace: '',
    },
    {
      name: 'an answer that cannot be recorded at once is lost',
      file: ANSWERS,
      find: 'if (!isShort) this.#fail(error)',
      replace: 'if (!isShort) return this.#drop()',
    },
    {
      name: 'a call tells an answer that also becomes an event',
      file: EXCHANGES,
      find: '() => call.waits && !hasFiles',
      replace: '() => false',
    },
    {
      name: 'what was under way when a session ended is not looked for',
      file: 'member/workspace/task-watch.ts',
      find: 'ledger.requests.unattended(now)',
      replace: '[]',
    },
    {
      name: 'a message that surely did not arrive is sent again though nobody waits for it',
      file: EXCHANGES,
      find: '() => call.waits,',
      replace: '() => true,',
    },
  ],
  'plugin/session/sent-messages': [
    {
      name: 'a message that gives no task leaves without a record',
      file: EXCHANGES,
      find: 'sending.taskId === null && (await this.#noteMessage(sending, signal))',
      replace: 'false',
    },
    {
      name: 'a message that gives no task is asked about after it was answered',
      file: 'member/ledger/workspace-ledger.ts',
      find: 'if (messageId !== null)',
      replace: 'if (messageId === undefined)',
    },
    {
      name: 'where no session receives, inbox looks for no answer',
      file: 'plugin/session/observer.ts',
      find: 'ledger.requests.unattended(this.#surroundings.clock.now())',
      replace: '[]',
    },
  ],
  'plugin/session/begun-tasks': [
    {
      name: 'a task in progress counts as answered',
      file: 'member/client/peer-answer.ts',
      find: `    case 'working':
    case 'unknown':
      return 'open'`,
      replace: `    case 'working':
    case 'unknown':
      return 'completed'`,
    },
    {
      name: 'the reply to a question begins another task of the peer',
      file: 'plugin/host/tools/reply-to-workspace.ts',
      find: 'taskId: task?.peerTask || null',
      replace: 'taskId: null',
    },
  ],
  'plugin/session/state-folder': [
    {
      name: 'a session does nothing with a state folder that a tool has opened',
      file: 'plugin/session/session.ts',
      find: 'begins here all the same.\n    void this.#open()',
      replace: 'begins here all the same.\n    if (this.#ledger.current === undefined) void this.#open()',
    },
    {
      name: 'a replaced state folder goes unnoticed',
      file: SESSION,
      find: 'const loss = this.#ledger.loss()',
      replace: 'const loss = undefined',
    },
    {
      name: 'a lock that no other process sees goes unnoticed',
      file: SESSION,
      find: 'if (loss === undefined && !this.#role.memberships.some(({ lockLost }) => lockLost)) return',
      replace: 'if (loss === undefined) return',
    },
  ],
  'plugin/session/delivery-trouble': [
    {
      name: 'a disk that is full while messages wait goes unmentioned',
      file: 'plugin/session/receiver.ts',
      find: 'return this.#delivery.problem',
      replace: 'return undefined',
    },
    {
      name: 'a refused heartbeat leaves the reading of the feed in its long wait',
      file: 'member/workspace/tenure.ts',
      find: 'onRefused: () => this.#wake.notify(),',
      replace: 'onRefused: () => {},',
    },
    {
      name: 'a workspace that is paused after its registration goes unnoticed',
      file: 'member/workspace/presence.ts',
      find: 'if (++this.#beats % BEATS_PER_CHECK === 0) await validity.checkStatus()',
      replace: '',
    },
    {
      name: 'failing heartbeats go unmentioned',
      file: 'member/workspace/presence.ts',
      find: 'if (++this.#failures > FAILURES_FORGIVEN || isFinal)',
      replace: 'if (false)',
    },
  ],
  'plugin/session/other-hosts': [
    {
      name: 'inbox waits without an end for what it has listed',
      file: 'plugin/host/tools/inbox.ts',
      find: 'await list(args, workspaceIds, listed.ids, ledger, context, signal)',
      replace: 'await list(args, workspaceIds, undefined, ledger, context, signal)',
    },
    {
      name: 'what was answered before it was received is shown as new',
      file: 'plugin/host/tools/answered-message.ts',
      find: '    ledger.markAnswered(ord)\n',
      replace: '',
    },
    {
      name: 'another host is promised events',
      file: 'plugin/host/report/remark.ts',
      find: "return mayHold ? 'here' : 'inbox'",
      replace: "return 'here'",
    },
  ],
  'plugin/session/probing': [
    {
      name: 'a host that shows a probe does not receive',
      file: 'plugin/host/hearing/session-hearing.ts',
      find: 'if (this.heardAt === undefined) return this.#judged',
      replace: 'if (this.heardAt === undefined || !this.#judged.mayHold) return this.#judged',
    },
    {
      name: 'a host is probed while nothing waits',
      file: 'plugin/session/probing.ts',
      find: 'const [workspaceId] = observer.waitingFor()',
      replace: "const [workspaceId = ''] = observer.waitingFor()",
    },
    {
      name: 'a program that switches the channel on with its first prompt waits for the next probe',
      file: ROLE,
      find: 'this.#probing?.prompted()',
      replace: '',
    },
  ],
  'plugin/session/hearing': [
    {
      name: 'a host that shows nothing keeps its workspaces',
      file: ROLE,
      find: 'this.hearing.weigh(overdue, wasIdle)',
      replace: 'return',
    },
    {
      name: 'a host that was started with the channel is believed to have accepted it',
      file: 'plugin/host/hearing/listener.ts',
      find: "...hears('the host was started with this channel'),",
      replace: "...hears('the host was started with this channel'), certain: true,",
    },
    {
      name: 'a host that is busy is taken for one that does not listen',
      file: 'plugin/host/hearing/silence.ts',
      find: "if (wasIdle) return 'deaf'",
      replace: "if (overdue > 0) return 'deaf'",
    },
    {
      name: 'a host that shows a probe is not sent again what it dropped before',
      file: ROLE,
      find: 'this.#given?.ledger.renew()',
      replace: '',
    },
    {
      name: 'what follows from a prompt holds up the answer to its hook',
      file: ROLE,
      find: 'clock.after(0, () => this.#afterPrompt(wasIdle, isNews))',
      replace: 'this.#afterPrompt(wasIdle, isNews)',
    },
    {
      name: 'a receipt after that changes nothing',
      file: ROLE,
      find: 'if (this.#observer !== undefined) clock.after(0, () => this.#considerReceiving(wasProbe))',
      replace: '',
    },
    {
      name: 'a new ledger does not know what was learned about the session',
      file: ROLE,
      find: 'for (const { fact, at } of this.hearing.facts) {',
      replace: 'for (const { fact, at } of this.hearing.facts.slice(9)) {',
    },
    {
      name: 'the last receipt is lost with the session',
      file: ROLE,
      find: '    this.#deferred.flush()\n    this.#given?.endFetching()',
      replace: '    this.#given?.endFetching()',
    },
  ],
  'plugin/host/hearing/settling': [
    {
      name: 'a clock that is set makes every message look old',
      file: 'plugin/host/hearing/settling.ts',
      find: 'Math.min(this.#settledAt, this.#clock.now() - SETTLED_MS)',
      replace: 'this.#clock.now() - SETTLED_MS',
    },
  ],
  'plugin/session/busy-ledger': [
    {
      name: 'a receipt goes to a ledger that was closed',
      file: ROLE,
      find: '    this.#given = undefined\n    this.#leave()',
      replace: '    this.#leave()',
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
      name: 'a look at what waits outlives its session',
      file: ROLE,
      find: '    this.#observer?.stop()\n',
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
      find: '      now: clock.now,\n    })\n  }\n',
      replace:
        '      now: clock.now,\n    })\n    queueMicrotask(() => this.activate({ name: undefined, version: undefined }))\n  }\n',
    },
  ],
}
