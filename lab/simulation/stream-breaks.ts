/** Breaks of what a workspace learns from its event stream, or from `status`, and the tests that must notice them. */
import type { Break } from './mutations.ts'

const TENURE = 'member/workspace/tenure.ts'
const EVENT_WATCH = 'member/workspace/event-watch.ts'
const OTHER_RECEIVER = 'member/workspace/other-receiver.ts'

export const STREAM_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'plugin/session/status-checks': [
    {
      name: 'a workspace does not learn what status has found',
      file: 'plugin/session/session-checks.ts',
      find: 'for (const one of memberships) one.woke()',
      replace: 'void memberships',
    },
    {
      name: 'a refused token is named only once it is proven to be invalid',
      file: 'member/workspace/validity.ts',
      find: 'this.#refused = TOKEN_REFUSED',
      replace: '',
    },
  ],
  'member/workspace/streaming': [
    {
      name: 'a hint of the event stream is lost',
      file: TENURE,
      find: 'onHint: () => this.#wake.notify()',
      replace: 'onHint: () => {}',
    },
    {
      name: 'the poll does not know that the event stream broke',
      file: EVENT_WATCH,
      find: 'if (wasOpen) this.#options.onHint()',
      replace: '',
    },
    {
      name: 'an event stream counts as live because it is open',
      file: EVENT_WATCH,
      find: "            this.#state = 'silent'\n            wasOpen",
      replace: "            this.#state = 'live'\n            wasOpen",
    },
    {
      name: 'an event stream stays live after its last event',
      file: EVENT_WATCH,
      find: 'clock.after(liveMs, () => this.doubt())',
      replace: 'clock.after(liveMs, () => {})',
    },
    {
      name: 'a platform without an event stream is asked for it repeatedly',
      file: EVENT_WATCH,
      find: 'refusals = refused ? refusals + 1 : 0',
      replace: 'refusals = 0',
    },
    {
      name: 'refusals of an event stream are counted across open ones',
      file: EVENT_WATCH,
      find: '            refusals = 0\n',
      replace: '',
    },
    {
      name: 'a machine that wakes goes on trusting its event stream',
      file: TENURE,
      find: '    this.#events.doubt()\n',
      replace: '',
    },
    {
      name: 'a machine that wakes waits for its next look',
      file: 'member/workspace/memberships.ts',
      find: 'if (woke) membership.woke()',
      replace: '',
    },
  ],
  'member/workspace/other-receiver': [
    {
      name: 'a single late heartbeat counts as another receiver',
      file: OTHER_RECEIVER,
      find: ' || now - since < APART_MS',
      replace: '',
    },
    {
      name: 'a repeated event counts as another receiver',
      file: OTHER_RECEIVER,
      find: '    if (this.#isRepeat(uptimeSeconds, timestamp)) return\n',
      replace: '',
    },
    {
      name: 'a heartbeat with an uptime of ours counts as ours, whenever it comes',
      file: OTHER_RECEIVER,
      find: '    return ours?.heardAt !== undefined && timestamp - ours.heardAt < SAME_BEAT_MS',
      replace: '    return ours !== undefined',
    },
    {
      name: 'our own heartbeat between two looks at the row counts as another receiver',
      file: OTHER_RECEIVER,
      find: 'if (after === undefined || this.#writes !== writes) return',
      replace: 'if (after === undefined) return',
    },
    {
      name: 'another receiver is reported forever',
      file: OTHER_RECEIVER,
      find: 'this.#told && this.#isRecent() ?',
      replace: 'this.#told ?',
    },
  ],
}
