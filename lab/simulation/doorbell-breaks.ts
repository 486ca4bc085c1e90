/** Breaks of the doorbell: those that simulated lives catch, and those that a test catches, by that test. */
import type { Break } from './mutations.ts'

const BELL = 'plugin/host/doorbell/bell.ts'
const DOORBELL = 'plugin/host/doorbell/doorbell.ts'
const PACE = 'plugin/host/doorbell/pace.ts'
const DESK = 'plugin/host/doorbell/reading-desk.ts'
const ROUTE = 'plugin/session/doorbell-route.ts'
const ROLE = 'plugin/session/role.ts'
const DELIVERY = 'plugin/host/event/delivery.ts'

export const DOORBELL_LIFE_BREAKS: readonly Break[] = [
  {
    name: 'what a call was to read goes over the channel',
    file: 'plugin/session/receiver.ts',
    find: 'this.doorbell?.outlet ??',
    replace: '',
  },
  {
    name: 'what a call that was given up had taken does not wait again',
    file: DELIVERY,
    find: 'this.#ledger.takeBack(this.#notTaken)',
    replace: '',
  },
  {
    name: 'what a host has dropped counts as read',
    file: ROUTE,
    find: 'onDropped(events.map(idOf))',
    replace: '',
  },
  {
    name: 'a digest alone rings nobody',
    file: DOORBELL,
    find: ' + this.#first.filter(({ event }) => isDigest(event)).length',
    replace: '',
  },
  {
    name: 'a bell holds the words of a sender',
    file: BELL,
    find: "return names.size === 0 ? '' :",
    replace: 'return first.length > 0 ? String(first[0]?.event.content) :',
  },
  {
    name: 'two bells follow each other at once',
    file: PACE,
    find: 'const MIN_GAP_MS = 5_000',
    replace: 'const MIN_GAP_MS = 0',
  },
  {
    name: 'a session whose inbox may not be used is rung',
    file: 'plugin/session/consent.ts',
    find: 'refusal: inbox.refusal ?? (isKept ? TO_BE_TOLD : undefined)',
    replace: 'refusal: isKept ? TO_BE_TOLD : undefined',
  },
]

export const DOORBELL_TEST_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'plugin/host/doorbell/pace': [
    {
      name: 'a turn that was told is rung again',
      file: PACE,
      find: 'if (this.#turn?.knows !== true) return 0',
      replace: 'if (this.#turn === undefined || this.#turn.knows) return 0',
    },
    {
      name: 'bells that nobody follows go on',
      file: PACE,
      find: 'if (this.#attempts < MAX_ATTEMPTS) return',
      replace: 'if (this.#attempts < 99) return',
    },
    {
      name: 'a turn that keeps bells waiting speaks against the host',
      file: PACE,
      find: 'this.#wasHeard || this.#turn !== undefined ?',
      replace: 'this.#wasHeard ?',
    },
    {
      name: 'the first turn of a session counts as over after a minute, though hooks are called',
      file: PACE,
      find: '    this.hooked()\n    this.#isHeard',
      replace: '    this.#isHeard',
    },
  ],
  'plugin/host/doorbell/reading-desk': [
    {
      name: 'a page that comes after its call has ended is kept from everybody',
      file: DESK,
      find: 'if (isOver) return false',
      replace: 'if (isOver) return true',
    },
  ],
  'plugin/session/doorbell': [
    {
      name: 'a bell that is heard after all does not take the verdict back',
      file: ROLE,
      find: 'if (this.judgement.heard()) clock.after(0, () => this.#judgeAgain())',
      replace: '',
    },
    {
      name: 'what was read is confirmed before the turn has ended',
      file: ROLE,
      find: 'return this.#receiver?.doorbell?.read(signal)',
      replace: `const taken = await this.#receiver?.doorbell?.read(signal)
    if (taken === undefined) return undefined
    const sent = (): void => {
      taken.sent()
      this.turnEnded()
    }
    return { ...taken, sent }`,
    },
    {
      name: 'a host that passes no bell on keeps the workspaces',
      file: DOORBELL,
      find: "if (why === 'unheard' && this.#isHooked) {",
      replace: "if (why === 'unheard' && this.#rung < 0) {",
    },
    {
      name: 'a call gives a page before the one before has left',
      file: DESK,
      find: '    await before\n',
      replace: '',
    },
    {
      name: 'what was read in vain is not told to the person',
      file: DOORBELL,
      find: 'const waiting = isTyped && this.#gaveUp ? this.#waiting() : 0',
      replace: 'const waiting = 0',
    },
  ],
  'plugin/session/interrupted-reading': [
    {
      name: 'what calls have read comes again without end where no turn ends',
      file: 'plugin/session/receiver.ts',
      find: 'if (bell !== undefined) ledger.evidence.noteRead(clock.now())',
      replace: '',
    },
    {
      name: 'what a call reads counts as sent before its result has left',
      file: DESK,
      find: 'const events = written.map(({ event }) => event)',
      replace: `const events = written.map(({ event }) => event)
    for (const { leave } of written) leave()`,
    },
    {
      name: 'changed settings ring again at once',
      file: ROLE,
      find: "route === 'doorbell' ? this.#bell : undefined",
      replace:
        "route === 'doorbell' ? new Doorbell({ ring: this.#surroundings.inbox.put, onUnheard: () => this.#unheard(), log: this.#surroundings.log.warn, clock: this.#surroundings.clock }) : undefined",
    },
    {
      name: 'what a call had taken stays with it when the settings change',
      file: DELIVERY,
      find: 'await this.#finishTakingBack()',
      replace: '',
    },
  ],
}
