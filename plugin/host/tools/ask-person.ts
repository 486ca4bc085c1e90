import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { patiently } from '../../../base/patience.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import { notifyUser } from '../../../member/client/notify.ts'
import { createRequest, type RequestKind, withChoices } from '../../../member/client/requests.ts'
import { type Inquiries, MAX_OPEN_INQUIRIES } from '../../../member/ledger/inquiries.ts'
import { mayWrite } from '../../../member/workspace/sender-gate.ts'
import { cleanName } from '../text/clean-text.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace } from './arguments.ts'
import { resolveSender } from './sender.ts'
import { defineTool, type Outcome, ToolFailure } from './tool.ts'
import type { Arrival, ToolContext } from './tool-context.ts'

const MAX_CHOICES = 10

const choice = z.string().trim().min(1, 'must not be empty').max(100, 'must be at most 100 characters')

const input = z.strictObject({
  title: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(200, 'must be at most 200 characters')
    .optional()
    .describe('The question, in one line.'),
  detail: z
    .string()
    .trim()
    .max(20_000, 'must be at most 20,000 characters')
    .optional()
    .describe('What the person has to know to answer it.'),
  choices: z
    .array(choice)
    .min(2, 'must be at least 2')
    .max(MAX_CHOICES, `must be at most ${MAX_CHOICES}`)
    .refine((all) => new Set(all.map((one) => one.toLowerCase())).size === all.length, 'must differ')
    .optional()
    .describe('The answers to choose from. Without them the person answers in words.'),
  withdraw: z
    .string()
    .min(1, 'must not be empty')
    .optional()
    .describe('Instead of asking: the request_id of a question to take back.'),
  _as_workspace: asWorkspace,
  workspace_id: asWorkspace,
})

/** Asks the person who runs the team, and does not wait. */
export const askPerson = defineTool({
  name: 'ask_person',
  title: 'Ask the person a question',
  description:
    'Asks the person who runs the team to decide something, and returns at once: go on with other work, or end your turn. The question stays listed until it is answered. The answer arrives as a channel message of kind request_answer with the same request_id.',
  input,
  annotations: WRITES_PLATFORM,
  async handle({ title, detail = '', choices = [], withdraw, ...wanted }, context, signal) {
    const client = resolveSender(context, wanted._as_workspace ?? wanted.workspace_id)
    const { workspaceId } = client.endpoint
    const inquiries = context.ledger()?.of(workspaceId).inquiries
    if (withdraw !== undefined) return withdrawn(withdraw, inquiries, context)
    if (title === undefined) throw new ToolFailure('ask_person needs a title: the question in one line.')
    refuseUnanswerable(context, inquiries)
    const kind = isYesOrNo(choices) ? 'approval' : 'task'
    const question = { kind, title, detail, choices: kind === 'approval' ? [] : choices } as const
    signal.throwIfAborted()
    // The call may be given up meanwhile: the question is recorded anyway, or its answer would be lost.
    const id = await createRequest(client, question, context.exchanges.signal)
    if (id === undefined) return askedInChat(client, { title, detail, choices }, context)
    const untracked = await note(inquiries, { id, kind, title, choices }, context)
    const unannounced = await announce(client, id, { title, detail, choices }, context)
    const comes = untracked ?? `The answer ${ARRIVES[context.arrival()]}, with request_id ${id}.`
    return { text: `The person is asked (request_id ${id}). Do not wait for it. ${comes}${unannounced}` }
  },
})

interface Question {
  readonly title: string
  readonly detail: string
  readonly choices: readonly string[]
}

/** In this order, since an approval is answered with a yes or a no. */
function isYesOrNo(choices: readonly string[]): boolean {
  return choices.length === 2 && choices[0]?.toLowerCase() === 'yes' && choices[1]?.toLowerCase() === 'no'
}

/** @throws ToolFailure when an answer would not be shown, or too many are open. */
function refuseUnanswerable(context: ToolContext, inquiries: Inquiries | undefined): void {
  if (!mayWrite({ kind: 'request_answer', peerId: null }, context.allowedSenders())) {
    throw new ToolFailure(
      'Nothing was asked: MOLECULE_ALLOWED_SENDERS does not name "canvas", so the answer of a person would not be shown here.',
    )
  }
  const open = inquiries?.unended(context.clock.now()).filter(({ state }) => state === 'open') ?? []
  if (open.length < MAX_OPEN_INQUIRIES) return
  throw new ToolFailure(
    `Nothing was asked: ${open.length} questions wait for the person already. Withdraw those that need no answer any more: ${open
      .slice(0, 5)
      .map(({ id, title }) => `${id} (${cleanName(title)})`)
      .join(', ')}, …`,
  )
}

/**
 * Records a question that is already asked. Must not throw: the model would take a failure for a reason to ask again.
 *
 * @returns how its answer arrives otherwise, if it cannot be recorded.
 */
async function note(
  inquiries: Inquiries | undefined,
  inquiry: Omit<Question, 'detail'> & { readonly id: string; readonly kind: RequestKind },
  { clock }: ToolContext,
): Promise<string | undefined> {
  const why = 'the platform announces its answer as a channel message of kind external'
  if (inquiries === undefined)
    return `It is not recorded here, since the state folder cannot be used: ${why}.`
  try {
    await patiently(() => inquiries.add(inquiry, clock.now()), clock)
    return undefined
  } catch (error) {
    return `It could not be recorded here (${describeError(error)}): ${why}.`
  }
}

/** Nothing else draws the person's attention to a request. Returns what to say if it failed. */
async function announce(
  client: PlatformClient,
  requestId: string,
  { title, detail, choices }: Question,
  { exchanges }: ToolContext,
): Promise<string> {
  const text = [`I have a question for you: ${title}`, withChoices(detail, choices)]
    .filter((part) => part !== '')
    .join('\n\n')
  try {
    await notifyUser(client, `${text}\n\nIt waits among your requests.`, exchanges.signal, [], { requestId })
    return ''
  } catch (error) {
    return ` No line in the chat tells the person of it: ${describeError(error)}.`
  }
}

/** For a platform without requests. */
async function askedInChat(
  client: PlatformClient,
  { title, detail, choices }: Question,
  { exchanges }: ToolContext,
): Promise<Outcome> {
  const text = [title, withChoices(detail, choices)].filter((part) => part !== '').join('\n\n')
  await notifyUser(client, text, exchanges.signal)
  return {
    text: 'This platform keeps no questions, so yours was posted to the chat and is listed nowhere. If the person answers, the answer arrives as an ordinary message of kind canvas_user, without a request_id.',
  }
}

async function withdrawn(
  id: string,
  inquiries: Inquiries | undefined,
  { clock }: ToolContext,
): Promise<Outcome> {
  const inquiry = inquiries?.find(id.trim().toLowerCase())
  if (inquiries === undefined || inquiry === undefined) {
    throw new ToolFailure(`No question with request_id "${cleanName(id)}" was asked from here.`)
  }
  const question = JSON.stringify(cleanName(inquiry.title))
  if (inquiry.state === 'ended') return { text: `The question ${question} is over already.` }
  await patiently(() => inquiries.close(inquiry.id), clock)
  return { text: `The question ${question} is withdrawn. An answer given before that still arrives.` }
}

/** What becomes of an answer, after "the answer". */
const ARRIVES: Readonly<Record<Arrival, string>> = {
  here: 'arrives here as a channel message of kind request_answer',
  elsewhere: 'arrives in the session that receives as a channel message of kind request_answer',
  inbox: 'arrives in inbox, where wait_seconds waits for it',
}
