/** What goes wrong between a process and the platform. Pure apart from the dice. */
import type { Dice } from '../../dice.ts'
import { type Answer, failure, json, plain } from './answers.ts'
import type { Route } from './request.ts'

/** The fate of one request, chosen at random when it leaves. */
export interface Passage {
  /** Milliseconds until it arrives. */
  readonly thereMs: number
  /** Milliseconds from then until its answer arrives. */
  readonly backMs: number
  readonly request: 'arrives' | 'request lost' | 'refused connection' | 'turned away'
  /** What happens to the answer, if the request arrives. */
  readonly answer: 'arrives' | 'answer lost' | 'reset' | 'garbled' | 'doubled rows'
}

export type Mishap = Exclude<Passage['request'] | Passage['answer'], 'arrives'>
export const MISHAPS: readonly Mishap[] = [
  'request lost',
  'refused connection',
  'turned away',
  'answer lost',
  'reset',
  'garbled',
  'doubled rows',
]

/** How long an event stream lives, and how it ends. */
export interface StreamFate {
  readonly end: 'none' | 'closed' | 'silent'
  /** Milliseconds after it was opened. */
  readonly afterMs: number
}

const DELAY_MS = 100
const LONG_DELAY_MS = 8_000
const STREAM_MS = 20_000

/** One short delay in total, because each delay costs a timer. */
export function calmPassage(dice: Dice): Passage {
  return { thereMs: dice.upTo(DELAY_MS), backMs: 0, request: 'arrives', answer: 'arrives' }
}

export function troubledPassage(dice: Dice, route: Route | undefined): Passage {
  return {
    thereMs: dice.upTo(dice.chance(0.05) ? LONG_DELAY_MS : DELAY_MS),
    backMs: dice.upTo(DELAY_MS),
    request: draw(dice, {
      'request lost': 0.02,
      'refused connection': 0.02,
      'turned away': route === 'activity' ? 0.18 : 0.1,
    }),
    answer: draw(dice, {
      'answer lost': 0.01,
      reset: 0.04,
      garbled: 0.03,
      'doubled rows': route === 'activity' ? 0.05 : 0,
    }),
  }
}

/** A response from a platform, or a proxy in front of it, that did not process the request. */
export function turnedAway(dice: Dice, route: Route | undefined): Answer {
  const refusals = [SERVER_ERROR, TOO_MANY, UNAVAILABLE, WEB_PAGE]
  // The tenant guard exempts these routes.
  const isExempt = route === 'lookup' || route === 'register' || route === 'heartbeat'
  if (!isExempt) refusals.push(EMPTY_NOT_FOUND)
  // The lookup is open, and a false answer there would be taken as final.
  if (route !== 'lookup') refusals.push(DATASTORE_DOWN)
  if (route === 'activity') refusals.push(UNKNOWN_CURSOR)
  return dice.pick(refusals)
}

/** What reaches the process when the platform processed the request but its response was damaged. */
export function garbled(dice: Dice, route: Route | undefined, { status, text, headers }: Answer): Answer {
  const broken = { status, text: text.slice(0, -3), headers }
  return dice.pick([WEB_PAGE, BAD_GATEWAY, route === 'a2a' ? BUSY : broken, broken])
}

/** Repeats some rows of a page. */
export function withDoubledRows(dice: Dice, answer: Answer): Answer {
  if (answer.rows === undefined) return answer
  const rows = answer.rows.flatMap((row) => (dice.chance(0.3) ? [row, row] : [row]))
  return { ...answer, text: `[${rows.join(',')}]`, rows }
}

export function streamFate(dice: Dice): StreamFate {
  return { end: dice.pick(['none', 'none', 'closed', 'silent']), afterMs: dice.upTo(STREAM_MS) }
}

const SERVER_ERROR = plain(500, 'oops')
const TOO_MANY = json(429, { error: 'rate limit exceeded', retry_after: 2 }, { 'retry-after': '2' })
const UNAVAILABLE = json(503, {}, { 'retry-after': '0' })
const WEB_PAGE: Answer = { ...plain(200, '<html>welcome</html>'), headers: { 'content-type': 'text/html' } }
const EMPTY_NOT_FOUND = plain(404, '')
/** A platform that cannot look up the token answers as if it were invalid. */
const DATASTORE_DOWN = failure(401, 'invalid workspace auth token')
const UNKNOWN_CURSOR = failure(410, 'since_id cursor not found')
const BAD_GATEWAY = plain(502, 'bad gateway')
/** The peer may have the message anyway. */
const BUSY = json(503, { busy: true, retry_after: 30 }, { 'retry-after': '30' })

/** Chooses one of the cases by its probability, or else `arrives`. */
function draw<K extends string>(dice: Dice, cases: Readonly<Record<K, number>>): K | 'arrives' {
  let rest = dice.random()
  for (const name of Object.keys(cases) as K[]) {
    rest -= cases[name]
    if (rest < 0) return name
  }
  return 'arrives'
}
