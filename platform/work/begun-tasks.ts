/** Ends a delegation with its outcome. One in progress ends later, once the agent says so. */
import { newUuid } from '../base/random.ts'
import { type Begun, type Outcome, outcomeOf } from '../contract/agent-answer.ts'
import type { Services } from '../services.ts'
import { callAgent } from './agent-call.ts'

interface Given {
  readonly sourceId: string
  readonly id: string
  readonly targetId: string
}

const FIRST_PAUSE_MS = 2_000
const MAX_PAUSE_MS = 30_000
/** The contract's budget for a delegation. */
const BUDGET_MS = 30 * 60_000
const QUESTION_MS = 15_000

export function conclude(services: Services, given: Given, outcome: Outcome | Begun): void {
  if (!('taskId' in outcome)) {
    end(services, given, outcome)
    return
  }
  const { taskId } = outcome
  if (taskId === undefined) {
    end(services, given, {
      error: 'the agent started the task but gave no task id, so the platform cannot ask for the result',
    })
    return
  }
  services.delegations.advance(given.sourceId, given.id, 'in_progress')
  services.background.run(() => follow(services, given, taskId))
}

function end({ delegations }: Services, { sourceId, id, targetId }: Given, outcome: Outcome): void {
  delegations.finish(sourceId, id, targetId, outcome)
}

/** Asks the agent until its task has ended, at growing intervals. */
async function follow(services: Services, given: Given, taskId: string): Promise<void> {
  const { background, clock } = services
  const begun = clock.now()
  for (
    let pause = FIRST_PAUSE_MS;
    clock.now() - begun < BUDGET_MS;
    pause = Math.min(pause * 1.5, MAX_PAUSE_MS)
  ) {
    await background.delay(pause)
    if (background.signal.aborted) return
    const outcome = await ask(services, given.targetId, taskId)
    if (background.signal.aborted) return
    if (outcome !== undefined) return end(services, given, outcome)
  }
  end(services, given, { error: `the agent did not finish the task within ${BUDGET_MS / 60_000} minutes` })
}

/** Undefined while the task is in progress, or the agent cannot be asked. */
async function ask(services: Services, targetId: string, taskId: string): Promise<Outcome | undefined> {
  const { background, clock, random, rules, workspaces } = services
  const target = workspaces.find(targetId)
  if (target === undefined || target.url === '') return undefined
  const limit = new AbortController()
  const cancel = clock.after(QUESTION_MS, () => limit.abort())
  const result = await callAgent(
    { jsonrpc: '2.0', id: newUuid(random), method: 'tasks/get', params: { id: taskId } },
    {
      url: target.url,
      secret: target.inbound_secret,
      signal: AbortSignal.any([limit.signal, background.signal]),
      maxResponseBytes: rules().pushResponseBytes,
    },
    services.pushSettings(),
  )
  cancel()
  if (result.kind !== 'answered' || result.status >= 300) return undefined
  const outcome = outcomeOf(result.text)
  return 'taskId' in outcome ? undefined : outcome
}
