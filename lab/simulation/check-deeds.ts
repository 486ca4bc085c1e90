/** Checks that the results of tasks were shown, and that only the person in the chat answered permission requests. */
import { OPEN_FOR_MS } from '../../member/ledger/permission-requests.ts'
import type { World } from './world.ts'

/** A verdict given this long before the end must have reached the session that asked. */
const TAKEN_MS = 60_000
/** An old task is looked up once a minute. */
const ASKED_MS = 70_000
/** A request that has been open for a minute is looked up every 15 s. */
const FOUND_MS = 95_000
const TASK_DAY_MS = 24 * 60 * 60_000

/** The result of a task that was left with the platform is shown, exactly once. */
export function judgeTasks({ platform, sightings, deeds, figures, clock }: World): string[] {
  // A ledger that went back can lack the record of a task.
  if (hasGoneBack(figures)) return []
  const read = new Set(sightings.read.map(({ activityId }) => activityId))
  return platform.workspaces.flatMap(({ tasks, feed }) =>
    tasks.all.flatMap(({ id, status, answers }) => {
      if (!deeds.left.has(id) || (status !== 'completed' && status !== 'failed')) return []
      const told = answers[0]
      if (told === undefined || clock.now() - told.at < ASKED_MS || clock.now() - told.at > TASK_DAY_MS)
        return []
      const rows = feed.everything.filter((row) => row.result !== undefined && row.delegationId === id)
      const shown = [`delegation-${id}`, ...rows.map((row) => row.id)].filter((one) => read.has(one))
      if (shown.length === 0) return [`the result of task ${id} was never shown`]
      return shown.length === 1 ? [] : [`the result of task ${id} was shown as ${shown.join(' and ')}`]
    }),
  )
}

/** What a peer answers in the response to a message is told, whether or not the call or its session still waits for it. */
export function judgeReplies({
  platform,
  sightings,
  storage,
  figures,
  clock,
  timestampCursor,
  sentUnrecorded,
}: World): string[] {
  // A ledger that went back can lack the record of a message. An older platform keeps no answer.
  if (hasGoneBack(figures) || timestampCursor) return []
  const read = new Set(sightings.read.map(({ activityId }) => activityId))
  return platform.workspaces.flatMap(({ id: workspaceId, tasks, records }) => {
    const answeredTasks = tasks.all.flatMap(({ id, answers: [first] }) =>
      first?.by === 'reply' ? [{ id, at: first.at }] : [],
    )
    const answeredMessages = records.messages.flatMap(({ messageId: id, delegationId, isAnswered, at }) =>
      isAnswered && delegationId !== id && !sentUnrecorded ? [{ id, at }] : [],
    )
    return [...answeredTasks, ...answeredMessages].flatMap(({ id, at }) => {
      if (clock.now() - at < FOUND_MS) return []
      const isTold =
        read.has(`answer-${id}`) || storage.recordOf(workspaceId, `answer-${id}`)?.state === 'answered'
      return isTold ? [] : [`the answer to message ${id}, given in the response, was never told`]
    })
  })
}

export function judgeVerdicts({ sightings, deeds, clock, calmAt, timestampCursor }: World): string[] {
  const { questions } = deeds
  const given = Map.groupBy(sightings.verdicts, ({ requestId }) => requestId)
  const faults = [...given].flatMap(([requestId, verdicts]) => {
    const question = questions.find((one) => one.requestId === requestId)
    const [verdict] = verdicts
    if (question?.answer === undefined || verdict === undefined) {
      return [`a verdict on ${requestId} was given although no one answered`]
    }
    const found: string[] = []
    if (verdicts.length > 1) found.push(`the verdict on ${requestId} was given ${verdicts.length} times`)
    if (verdict.allowed !== question.answer.allowed) found.push(`the verdict on ${requestId} was reversed`)
    if (verdict.process !== question.process.life.number) {
      found.push(`process ${verdict.process} gave the verdict on ${requestId}, which it did not request`)
    }
    return found
  })
  const missing = questions.filter(
    ({ requestId, askedAt, answer, settled, process }) =>
      // A platform whose rows have no number does not vouch for senders.
      !timestampCursor &&
      answer !== undefined &&
      // Before that the disk may have been full.
      answer.at > calmAt &&
      // A machine that slept in between lets the request expire.
      answer.at - askedAt < OPEN_FOR_MS &&
      !settled &&
      !process.life.dead &&
      clock.now() - answer.at > TAKEN_MS &&
      !given.has(requestId),
  )
  return [...faults, ...missing.map(({ requestId }) => `the verdict on ${requestId} never reached the host`)]
}

/** Whether a power cut or an old copy of the ledger took back what it had recorded. */
export function hasGoneBack({ powerCuts, tornWrites, foldersRestored }: World['figures']): boolean {
  return powerCuts + tornWrites + foldersRestored > 0
}
