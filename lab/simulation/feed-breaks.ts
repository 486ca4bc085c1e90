/** Breaks of how the feed of a workspace is read, and of what is kept of it, by the test that catches them. */
import type { Break } from './mutations.ts'

export const FEED_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'member/workspace/long-way': [
    {
      name: 'a failure begins the way back to the oldest message anew',
      file: 'member/workspace/feed.ts',
      find: 'this.#search?.top ??',
      replace: '(this.#search = undefined) ??',
    },
    {
      name: 'a long way uses up what the platform allows others',
      file: 'member/workspace/feed-pace.ts',
      find: 'if (waitMs > 0) await sleep(waitMs, signal, clock)',
      replace: '',
    },
  ],
  'member/workspace/feed-pace': [
    {
      name: 'a feed without end is read at full speed',
      file: 'member/workspace/feed-pace.ts',
      find: 'if (this.#rows <= FREE_ROWS) return',
      replace: 'if (this.#rows >= 0) return',
    },
    {
      name: 'a feed without end fills the ledger',
      file: 'member/workspace/feed-pace.ts',
      find: 'if (this.#pauses === 0) return entries',
      replace: 'if (this.#pauses >= 0) return entries',
    },
  ],
  'member/ledger/ledger-budget': [
    {
      name: 'a message that may be shown again is cut',
      file: 'member/ledger/ledger-budget.ts',
      find: "AND (state <> 'sent' OR session IS NULL OR received_at <= ?)",
      replace: 'AND ? > 0',
    },
  ],
  'member/workspace/feed-again': [
    {
      name: 'what was committed hours late is not looked for',
      file: 'member/workspace/feed-overlap.ts',
      find: 'return more + (await this.#readFar())',
      replace: 'return more',
    },
  ],
  'member/client/activity': [
    {
      name: 'a row whose time cannot be read is dropped',
      file: 'member/client/activity.ts',
      find: 'z.unknown().transform(readTimestamp)',
      replace: 'z.string().transform(readTimestamp).refine((time) => time !== undefined)',
    },
  ],
  'member/ledger/loop-guard': [
    {
      name: 'messages that are dated to one moment count as a burst',
      file: 'member/ledger/loop-guard.ts',
      find: 'Math.abs(message.receivedAt - earlier.receivedAt) < WINDOW_MS',
      replace: 'true',
    },
  ],
}
