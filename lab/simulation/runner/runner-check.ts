/** Judges what became of each message in a simulated runner's world. */
import { answerId } from '../../../runner/reply-route.ts'
import { ANSWER_FAULT_KINDS, type Answer, judgeAnswers, type Question } from '../../judge/answers.ts'
import { idOf, type Message } from '../../judge/evidence.ts'
import { judge as judgePromise } from '../../judge/judge.ts'
import { FAULT_KINDS } from '../../judge/verdict.ts'
import type { ModelRow } from '../model-feed.ts'
import type { Fault } from '../outcome.ts'
import { judgeTasks } from './check-tasks.ts'
import { type RunnerWorld, STRANGER, WORKSPACE } from './runner-world.ts'
import { answerTo } from './sim-backend.ts'

/** How the sentence begins that tells somebody of a message without an answer. */
const FAILURE = 'This message could not be answered'

/** One interval of heartbeats, and a slow platform. */
const BEAT_MS = 36_000

export const RUNNER_FAULT_KINDS = [...FAULT_KINDS, ...ANSWER_FAULT_KINDS] as const

/** Called at the end of the world. */
export function judgeRunner(world: RunnerWorld): readonly Fault[] {
  const { workspace, known } = world
  const { feed } = workspace
  const isOutcome = ({ delegationId }: ModelRow): boolean =>
    delegationId !== undefined && known.has(delegationId)
  const rows = feed.everything
    .filter((row) => !isOutcome(row))
    .toSorted((a, b) => a.at - b.at || a.seq - b.seq)
  const others = [
    ...world.faults,
    ...judgeSetAside(world, rows),
    ...judgePresence(world),
    ...judgeTasks(world),
  ]
  return [
    ...others.map((text) => ({ kind: 'unexpected', text })),
    ...judgeGiven(world, rows, feed.everything.filter(isOutcome)),
    ...judgePeers(world, rows),
    ...judgePerson(world, rows),
  ]
}

/** Each message reaches the backend, or the host of a session, in order, and a repeat is marked. */
function judgeGiven(
  world: RunnerWorld,
  rows: readonly ModelRow[],
  outcomes: readonly ModelRow[],
): readonly Fault[] {
  const { sightings, storage, erasures } = world
  const messages = rows.map(
    (row): Message => ({
      workspaceId: WORKSPACE,
      activityId: row.id,
      name: row.text,
      duty: isDue(world, row) ? 'required' : 'allowed',
      ordered: true,
    }),
  )
  const results = [
    ...outcomes.map(({ id }) => id),
    ...world.workspace.tasks.all.map(({ id }) => `delegation-${id}`),
  ]
  return judgePromise({
    messages: [...messages, ...results.map(resultOf)],
    written: sightings.begun,
    read: sightings.read,
    erasures,
    recordOf: ({ activityId }) => storage.recordOf(WORKSPACE, activityId),
    waiting: new Map([[WORKSPACE, storage.waiting(WORKSPACE)]]),
  }).faults
}

/** The outcome of a task: a session may show it, and where none does, `check-tasks.ts` judges it. */
function resultOf(activityId: string): Message {
  return {
    workspaceId: WORKSPACE,
    activityId,
    name: `the outcome ${activityId}`,
    duty: 'allowed',
    ordered: false,
  }
}

/** Each peer gets one answer to each of its messages, or one sentence that there is none, in their order. */
function judgePeers(world: RunnerWorld, rows: readonly ModelRow[]): readonly Fault[] {
  const { messages } = world.workspace.records
  const questions = new Map<string, ModelRow>()
  for (const row of rows) {
    if (row.from === 'canvas') continue
    for (const what of ['answer', 'failure']) questions.set(answerId(WORKSPACE, row.id, what), row)
  }
  const received = new Set<string>()
  const answers: Answer[] = []
  for (const { messageId, peerId, text, delegationId } of messages) {
    const row = questions.get(messageId) ?? rows.find((one) => answerTo(one.text) === text)
    const isAnswer = row !== undefined && messageId === answerId(WORKSPACE, row.id)
    const isRight = !isAnswer || text === answerTo(row.text)
    if (row?.from !== peerId || delegationId !== (row.delegationId ?? null) || !isRight) {
      answers.push({ messageId, text })
    } else if (!questions.has(messageId) || !received.has(row.id)) {
      answers.push({ messageId: row.id, text: row.text })
      received.add(row.id)
    }
    // Else a sentence about a failure came first, and a crash between it and its record.
  }
  const peers = rows.filter((row) => row.from !== 'canvas' && row.from !== STRANGER)
  return judgeAnswers(questionsOf(world, peers, received), answers)
}

/** The person reads each answer in the chat, in order; one that is sent again is a message of its own there. */
function judgePerson(world: RunnerWorld, rows: readonly ModelRow[]): readonly Fault[] {
  const own = rows.filter(({ from }) => from === 'canvas')
  const received = new Map<string, Answer>()
  let failures = 0
  for (const { text } of world.workspace.records.notices) {
    const row = own.find((one) => answerTo(one.text) === text)
    if (row === undefined) failures += Number(text.startsWith(FAILURE))
    else received.set(row.id, { messageId: row.id, text: row.text })
  }
  const isFailed = ({ id }: ModelRow): boolean => stateOf(world, id) === 'skipped'
  const failed = own.filter((row) => isFailed(row) && !received.has(row.id))
  const answered = own.filter((row) => !failed.includes(row))
  const unsaid: readonly Fault[] =
    failures >= failed.length
      ? []
      : [{ kind: 'unanswered', text: `the person was told of ${failures} of ${failed.length} failures` }]
  return [...judgeAnswers(questionsOf(world, answered, received), [...received.values()]), ...unsaid]
}

/** Those that must be answered, and those that were. */
function questionsOf(
  world: RunnerWorld,
  rows: readonly ModelRow[],
  received: Pick<ReadonlySet<string>, 'has'>,
): readonly Question[] {
  const ofSession = new Set(
    world.sightings.begun.filter(({ session }) => !world.runners.has(session)).map(idOf),
  )
  return rows
    .filter((row) => {
      const isShown = ofSession.has(idOf({ workspaceId: WORKSPACE, activityId: row.id }))
      const isDueHere = isDue(world, row) && answerTo(row.text) !== undefined && !isShown
      return isDueHere || received.has(row.id)
    })
    .map(({ id, text }) => ({ name: text, answerId: id }))
}

/** A message is set aside after three tries, or when nobody takes its answer, and never since the backend is broken. */
function judgeSetAside(world: RunnerWorld, rows: readonly ModelRow[]): readonly string[] {
  return rows
    .filter((row) => isDue(world, row) && row.from !== STRANGER && stateOf(world, row.id) === 'skipped')
    .filter(({ id }) => (world.tries.get(id) ?? 0) < 3 || !world.failed.has(id))
    .map(({ text }) => `${text} was set aside before it had failed three times`)
}

/** The runner that is left holds the workspace, and beats, once nothing has gone wrong for an interval. */
function judgePresence({ clock, calmAt, workspace, holder, runners }: RunnerWorld): readonly string[] {
  if (holder === undefined || !runners.has(holder)) return ['no runner holds the workspace at the end']
  if (clock.now() - calmAt < BEAT_MS) return []
  const { heartbeats, registrations } = workspace.records
  const isPresent = [...heartbeats, ...registrations].some(
    ({ process, at }) => process === holder && clock.now() - at < BEAT_MS,
  )
  return isPresent ? [] : [`the runner that holds the workspace has given no sign for ${BEAT_MS} ms`]
}

/** Written after the first page of the feed was stored, and no outcome of a task that its session may not have noted. */
function isDue({ workspace, storedAt }: RunnerWorld, { writtenAt, delegationId }: ModelRow): boolean {
  return writtenAt / 1000 > storedAt && !workspace.tasks.all.some(({ id }) => id === delegationId)
}

function stateOf({ storage }: RunnerWorld, activityId: string): string | undefined {
  return storage.recordOf(WORKSPACE, activityId)?.state
}
