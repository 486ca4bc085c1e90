/** Breaks of how the feed of a workspace is read, by the test that catches them. */
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
}
