/** What answers the messages of a simulated runner: after a while, not at all, never, or not until it is repaired. */
import type { Clock } from '../../../base/clock.ts'
import { type Backend, BackendFailure, type Reply, type Request } from '../../../runner/backend/backend.ts'
import type { Dice } from '../../dice.ts'
import type { Life } from '../life.ts'

/** How a message ends that asks for it. */
const POISON = 'poison'
const POISON_FOR_ALL = 'that nobody survives'
const SILENCE = 'silence'
/** How long it usually takes, and how long it hangs until it gives up. */
const USUAL_MS = 1_500
const LONG_MS = 12_000
const HANGS_MS = 30_000

type Fate = 'answers' | 'takes long' | 'fails' | 'hangs' | 'breaks'

const FATES: readonly Fate[] = [
  ...Array<Fate>(16).fill('answers'),
  'takes long',
  'fails',
  'fails',
  'hangs',
  'breaks',
]

export interface SimBackendOptions {
  readonly life: Life
  /** Of its process. */
  readonly clock: Clock
  readonly dice: Dice
  readonly repair: Repair
  /** Whether nothing goes wrong any more. */
  readonly isCalm: () => boolean
  /** The work on a message has ended the whole process. */
  readonly onFatal: () => void
  /** Called with each message that it is given. */
  readonly onGiven: (request: Request) => void
  /** Called when the work on one goes wrong for another reason than that the backend is broken. */
  readonly onFailed: (request: Request) => void
}

/** When a broken backend works again, whichever process it is in. */
export interface Repair {
  at: number
}

/** What an agent's message says, by its number and by what it asks of the backend. */
export function wordsOf(number: number, dice: Dice): string {
  const wishes = { [POISON]: 0.04, [SILENCE]: 0.04, [POISON_FOR_ALL]: 0.003 }
  const wish = Object.entries(wishes).find(([, probability]) => dice.chance(probability))?.[0]
  return `message ${number}${wish === undefined ? '' : ` ${wish}`}`
}

/** The answer to a message; undefined when it gets none. */
export function answerTo(text: string): string | undefined {
  return text.endsWith(SILENCE) ? undefined : `the answer to ${text}`
}

/** Whether nothing can answer the message. */
function isPoison(text: string): boolean {
  return text.endsWith(POISON)
}

export class SimBackend implements Backend {
  readonly name = 'simulated'
  readonly runtime = { capabilities: {} }
  readonly #options: SimBackendOptions

  constructor(options: SimBackendOptions) {
    this.#options = options
  }

  readonly answer = async (request: Request, signal: AbortSignal): Promise<Reply | undefined> => {
    const { life, dice, isCalm, onGiven, onFailed, onFatal, repair, clock } = this.#options
    onGiven(request)
    life.half()
    // It is told of tasks that are over, and has nothing to say to that.
    if (request.method === 'wake') return undefined
    const fate = isCalm() ? 'answers' : dice.pick(FATES)
    if (fate === 'breaks') repair.at = Math.max(repair.at, clock.now() + dice.upTo(LONG_MS))
    const usualMs = isCalm() ? dice.upTo(200) : dice.upTo(fate === 'takes long' ? LONG_MS : USUAL_MS)
    await this.#wait(fate === 'hangs' ? HANGS_MS : usualMs, signal)
    life.half()
    if (request.text.endsWith(POISON_FOR_ALL)) {
      onFailed(request)
      onFatal()
    }
    if (clock.now() < repair.at && !isCalm()) {
      throw new BackendFailure('it is broken', { wedged: 'somebody has to repair it' })
    }
    if (fate === 'fails' || fate === 'hangs' || isPoison(request.text)) {
      onFailed(request)
      throw new BackendFailure(fate === 'hangs' ? 'no answer in time' : 'it ended with exit code 1')
    }
    const text = answerTo(request.text)
    return text === undefined ? undefined : { text }
  }

  readonly close = async (): Promise<void> => {}

  /** Rejects with the abort reason, as a command does that is killed. */
  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        cancel()
        reject(signal.reason)
      }
      const cancel = this.#options.clock.after(ms, () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
