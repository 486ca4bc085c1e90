/** What a request on the platform says about an inquiry of ours, as messages for the model. Pure. */
import { asked } from '../client/inbound.ts'
import type { Author, RequestMessage, RequestReport } from '../client/requests.ts'
import { type Inquiry, type InquiryState, wordsId } from '../ledger/inquiries.ts'
import type { Entry } from '../ledger/ledger.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'
import { admit } from './sender-gate.ts'

export interface InquiryOutcome {
  readonly entries: readonly Entry[]
  readonly state: InquiryState
}

interface Circumstances {
  readonly allowed: AllowedSenders
  /** Milliseconds since the epoch. */
  readonly now: number
}

const OPEN: ReadonlySet<string> = new Set(['pending', 'info_requested'])

/** @param report undefined when the platform no longer knows the request. */
export function outcomeOf(
  inquiry: Inquiry,
  report: RequestReport | undefined,
  { allowed, now }: Circumstances,
): InquiryOutcome {
  const entry = (activityId: string, createdAt: string | undefined, said: Omit<Said, 'inquiry'>): Entry =>
    admit(
      {
        activityId,
        seq: null,
        createdAt: createdAt ?? new Date(now).toISOString(),
        peerId: null,
        task: null,
      },
      messageOf({ inquiry, ...said }),
      allowed,
    )
  const last = `request-${inquiry.id}`
  if (report === undefined) {
    const isWaiting = inquiry.state !== 'closing'
    return { entries: isWaiting ? [entry(last, undefined, { status: 'unknown' })] : [], state: 'ended' }
  }
  const words = report.messages.filter(({ author }) => !isOurs(author, inquiry))
  const entries = words.map((message) =>
    entry(wordsId(message.id), message.createdAt, {
      status: 'info_requested',
      words: message.body,
      by: message.author,
      choice: chosenIn(message, inquiry),
    }),
  )
  const { status, responder, respondedAt } = report
  const isChosen = words.some((message) => chosenIn(message, inquiry) !== null)
  if (OPEN.has(status)) {
    return { entries, state: isChosen || inquiry.state === 'closing' ? 'closing' : 'open' }
  }
  // Withdrawn by us, because it was answered in words, or at the model's wish: there is nothing to tell. After a power cut
  // only the words may be left to say so.
  if (status === 'cancelled' && (isChosen || inquiry.state === 'closing')) return { entries, state: 'ended' }
  const choice = choiceOf(report, inquiry)
  const end = entry(last, respondedAt, { status, by: responder ?? 'user', choice })
  return { entries: [...entries, end], state: 'ended' }
}

interface Said {
  readonly inquiry: Inquiry
  readonly status: string
  readonly by?: Author
  readonly choice?: string | null
  readonly words?: string
}

function messageOf({ inquiry, status, by = 'user', choice = null, words }: Said) {
  const { id, title } = inquiry
  return asked({
    text: words ?? sentence(title, status, by, choice),
    inquiry: { id, title, status, choice, by: by === 'user' ? 'user' : by.agentId },
  })
}

/** In our own words: the title is ours, and so is a choice. */
function sentence(title: string, status: string, by: Author, choice: string | null): string {
  const question = JSON.stringify(title)
  const who = by === 'user' ? 'The person' : `Agent ${by.agentId}`
  if (choice !== null) return `[${who} chose ${JSON.stringify(choice)} for your question ${question}.]`
  switch (status) {
    case 'done':
      return `[${who} marked your question ${question} as done.]`
    case 'approved':
      return `[${who} approved: ${question}]`
    case 'rejected':
      return `[${who} rejected: ${question}]`
    case 'unknown':
      return `[The platform no longer knows your question ${question}: no answer comes. Ask again if you still need one.]`
    default:
      return `[Your question ${question} was closed without an answer.]`
  }
}

function isOurs(author: Author, { workspaceId }: Inquiry): boolean {
  return author !== 'user' && author.agentId === workspaceId
}

/** The choice that a person names with its number or its words. */
function chosenIn({ author, body }: RequestMessage, { choices }: Inquiry): string | null {
  if (author !== 'user') return null
  const said = body.trim().toLowerCase()
  const byNumber = /^\d{1,2}$/.test(said) ? choices[Number(said) - 1] : undefined
  const byWords = choices.find((choice) => choice.trim().toLowerCase() === said)
  return byWords ?? byNumber ?? null
}

/** An approval answers a question whose choices are yes and no; any other answer must name one of ours. */
function choiceOf({ status, choice }: RequestReport, { kind, choices }: Inquiry): string | null {
  if (kind === 'approval' && status === 'approved') return choices[0] ?? null
  if (kind === 'approval' && status === 'rejected') return choices[1] ?? null
  return choices.find((one) => one === choice) ?? null
}
