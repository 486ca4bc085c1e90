/** Mutations of the sources, each of which the simulation or a test of the wiring must catch. */
import { DOORBELL_LIFE_BREAKS, DOORBELL_TEST_BREAKS } from './doorbell-breaks.ts'
import { FEED_BREAKS } from './feed-breaks.ts'
import { RUNNER_DELIVERY_BREAKS } from './runner/delivery-breaks.ts'
import { RUNNER_BREAKS } from './runner-breaks.ts'
import { SESSION_BREAKS } from './session-breaks.ts'
import type { SimulationName } from './simulations.ts'
import { STREAM_BREAKS } from './stream-breaks.ts'
import { TRANSFER_BREAKS } from './transfer-breaks.ts'
import { WORKSPACE_BREAKS } from './workspace-breaks.ts'

export interface Break {
  /** What goes wrong with it. */
  readonly name: string
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A break, and what must catch it. */
export type Mutation =
  | (Break & { readonly finder: 'simulation'; readonly simulation: SimulationName })
  | (Break & { readonly finder: 'tests'; readonly tests: readonly string[] })

const DELIVERY_BREAKS: readonly Break[] = [
  {
    name: 'the cursor moves before the rows are stored',
    file: 'member/workspace/feed.ts',
    find: 'ledger.storePage(entries, cursor, this.#now(), isFirst)',
    replace: '(ledger.storePage([], cursor, this.#now()), ledger.storePage(entries, undefined, this.#now()))',
  },
  {
    name: 'a page is stored in two transactions',
    file: 'member/ledger/workspace-ledger.ts',
    find: 'const fresh = this.#db.transaction(() => {',
    replace: `const half = Math.ceil(entries.length / 2)
    if (half > 1) this.storePage(entries.slice(0, half), cursor, now)
    const fresh = this.#db.transaction(() => {`,
  },
  {
    name: 'the cursor moves though the rows are not stored',
    file: 'member/workspace/feed.ts',
    find: 'const stored = await this.#store(page.rows, { ...cursor, ...position(page, cursor) })',
    replace: 'const stored = await this.#store(page.rows.slice(1), { ...cursor, ...position(page, cursor) })',
  },
  {
    name: '`sending` is not recorded before the write',
    file: 'plugin/host/event/delivery.ts',
    find: 'new Set(this.#ledger.markSending(stored, this.#held))',
    replace: `new Set(stored)
    queueMicrotask(() => this.#ledger.markSending(stored, this.#held))`,
  },
  {
    name: 'a new holder ignores messages that were `sending`',
    file: 'member/ledger/recovery.ts',
    find: "AND state = 'sending' AND session <> $session AND",
    replace: "AND state = 'never' AND session <> $session AND",
  },
  {
    name: 'a new holder repeats what is confirmed',
    file: 'member/ledger/recovery.ts',
    find: "() => this.#settleSent('message.session > $session'),",
    replace: `() => this.#settleSent('message.session > $session'),
      () => this.#update("state = 'received' WHERE ord IN (SELECT ord FROM message WHERE workspace_id = $workspaceId AND state = 'confirmed' LIMIT 200)"),`,
  },
  {
    name: 'a new holder repeats what its own session wrote',
    file: 'member/ledger/recovery.ts',
    find: "() => this.#settleSent('message.session < $session'),",
    replace: `() => this.#settleSent("message.session > ''"),`,
  },
  {
    name: 'what a host was sent without showing it is presumed shown',
    file: 'member/ledger/showing.ts',
    find: "return isHeard || isAnswered ? 'unknown' : 'unshown'",
    replace: "return 'shown'",
  },
  {
    name: 'attempts are not counted',
    file: 'member/ledger/ledger.ts',
    find: "SET state = 'sending', attempts = attempts + 1, session = ? WHERE ord",
    replace: "SET state = 'sending', session = ? WHERE ord",
  },
  {
    name: 'a repeat is not marked',
    file: 'plugin/host/event/next-events.ts',
    find: 'redelivered: attempts > 0,',
    replace: 'redelivered: attempts > 1,',
  },
  {
    name: 'a receipt is not recorded',
    file: 'plugin/session/role.ts',
    find: 'ledger.markConfirmed(receipt.workspaceId, receipt.activityId)',
    replace: 'ledger.find(receipt.activityId, [receipt.workspaceId])',
  },
  {
    name: 'a verdict does not reach the host that asked',
    file: 'plugin/host/permission/permission-desk.ts',
    find: 'void this.#tellHost(answered)',
    replace: 'void answered',
  },
  {
    name: 'a verdict goes to any session that looks for one',
    file: 'member/ledger/permission-requests.ts',
    find: 'SET told = 1 WHERE session = ? AND told = 0 AND',
    replace: "SET told = 1 WHERE ? <> '' AND told = 0 AND",
  },
  {
    name: 'a verdict is passed on repeatedly',
    file: 'member/ledger/permission-requests.ts',
    find: 'SET told = 1 WHERE session = ? AND told = 0 AND',
    replace: 'SET told = 0 WHERE session = ? AND told = 0 AND',
  },
  {
    name: 'the newest rows are not reversed',
    file: 'member/client/activity.ts',
    find: 'dated(isAscending ? usable : usable.toReversed(), time)',
    replace: 'dated(usable, time)',
  },
  {
    name: 'rows that were committed late are not looked for',
    file: 'member/workspace/feed.ts',
    find: 'return found + released + (await this.#overlap.read(found, announced))',
    replace: 'return found + released',
  },
  {
    name: 'new rows of a platform whose clock was set back count as older than the first start',
    file: 'member/workspace/feed-page.ts',
    find: 'return row.seq != null && floorSeq !== null && row.seq > floorSeq',
    replace: 'return false',
  },
  {
    name: 'a forgotten cursor leads to the newest row',
    file: 'member/workspace/feed.ts',
    find: 'const page = this.#windowSecs(old) === 0 ? undefined : await this.#oldestPage(old, top)',
    replace:
      'const page = old !== undefined || this.#windowSecs(old) === 0 ? undefined : await this.#oldestPage(old, top)',
  },
  {
    name: 'of a long window only the newest page is shown',
    file: 'member/workspace/feed.ts',
    find: 'await this.#oldestPage(old, top)',
    replace: 'top',
  },
  {
    name: 'what the platform holds for received comes unmarked to a restored state folder',
    file: 'member/workspace/feed.ts',
    find: 'this.#acked.mayHaveShown(row)',
    replace: 'false',
  },
  {
    name: 'reading begins with the first receiver, after messages that another session told of',
    file: 'plugin/session/observer.ts',
    find: 'feed.look()',
    replace: '(workspace.ledger.cursor() === undefined ? Promise.resolve() : feed.look())',
  },
  {
    name: 'a stopped session keeps its workspaces whatever claims them',
    file: 'member/workspace/membership.ts',
    find: '!holders.maySeize(record, this.#claim)',
    replace: 'true',
  },
  {
    name: 'a digest stands for more than it shows',
    file: 'plugin/host/event/digest.ts',
    find: '...quotes.map(({ stored, message })',
    replace: '...quotes.slice(0, 9).map(({ stored, message })',
  },
  {
    name: 'a question to the person is not recorded',
    file: 'plugin/host/tools/ask-person.ts',
    find: 'await patiently(() => inquiries.add(inquiry, clock.now()), clock)',
    replace: '',
  },
  {
    name: 'what a person wrote before the answer is not told',
    file: 'member/workspace/inquiry-answer.ts',
    find: '[...entries, end]',
    replace: '[end]',
  },
  {
    name: 'the notice of an answer is shown besides the answer',
    file: 'member/ledger/inquiries.ts',
    find: 'if (known.length === 0) return undefined',
    replace: 'if (known.length >= 0) return undefined',
  },
  {
    name: 'the platform is not told what the model has seen',
    file: 'member/workspace/acknowledgement.ts',
    find: 'this.#takesReceipts ? ledger.receipts.due(MOST_AT_ONCE) : []',
    replace: '[]',
  },
  {
    name: 'the lock is not exclusive',
    file: 'member/folder/lock.ts',
    find: `    try {
      this.#open().run('BEGIN EXCLUSIVE')`,
    replace: `    try {
      this.#open().run('BEGIN')`,
  },
]

export const MUTATIONS: readonly Mutation[] = [
  ...[...DELIVERY_BREAKS, ...DOORBELL_LIFE_BREAKS].map(
    (one): Mutation => ({ ...one, finder: 'simulation', simulation: 'session' }),
  ),
  ...RUNNER_DELIVERY_BREAKS.map((one): Mutation => ({ ...one, finder: 'simulation', simulation: 'runner' })),
  ...Object.entries({
    ...WORKSPACE_BREAKS,
    ...FEED_BREAKS,
    ...STREAM_BREAKS,
    ...TRANSFER_BREAKS,
    ...SESSION_BREAKS,
    ...DOORBELL_TEST_BREAKS,
    ...RUNNER_BREAKS,
  }).flatMap(([test, breaks]) =>
    breaks.map((one): Mutation => ({ ...one, finder: 'tests', tests: [`test/${test}.test.ts`] })),
  ),
]
