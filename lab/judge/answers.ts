/** Judges the answers of a program that answers each message with one of its own. Pure. */

export interface Question {
  /** Its unique name in fault reports, and the text of its answer. */
  readonly name: string
  /** The id that its answer must have. */
  readonly answerId: string
}

export interface Answer {
  readonly messageId: string
  readonly text: string
}

export const ANSWER_FAULT_KINDS = [
  'unanswered',
  'answered twice',
  'answered out of order',
  'wrong answer',
] as const
type AnswerFaultKind = (typeof ANSWER_FAULT_KINDS)[number]

export interface AnswerFault {
  readonly kind: AnswerFaultKind
  /** One sentence that names the message. */
  readonly text: string
}

/**
 * @param questions in the order in which they were asked.
 * @param answers in the order in which they came.
 */
export function judgeAnswers(
  questions: readonly Question[],
  answers: readonly Answer[],
): readonly AnswerFault[] {
  const faults: AnswerFault[] = []
  const places = new Map(questions.map(({ answerId }, place) => [answerId, place]))
  const answered = new Set<number>()
  let latest = -1
  for (const { messageId, text } of answers) {
    const place = places.get(messageId)
    const question = place === undefined ? undefined : questions[place]
    if (place === undefined || question?.name !== text) {
      faults.push({ kind: 'wrong answer', text: `${messageId} says ${JSON.stringify(text.slice(0, 80))}` })
    }
    if (place === undefined) continue
    const name = question?.name ?? messageId
    if (answered.has(place)) faults.push({ kind: 'answered twice', text: `${name} was answered again` })
    else if (place < latest) {
      faults.push({ kind: 'answered out of order', text: `${name} was answered after a later message` })
    }
    answered.add(place)
    latest = Math.max(latest, place)
  }
  const missing = questions.filter((_, place) => !answered.has(place))
  return [
    ...faults,
    ...missing.map(({ name }) => ({ kind: 'unanswered' as const, text: `${name} was never answered` })),
  ]
}
