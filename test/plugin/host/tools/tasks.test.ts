import { describe, expect, test } from 'bun:test'
import { until } from '../../../../lab/driver/until.ts'
import type { Delegation } from '../../../../member/ledger/delegations.ts'
import { callTool } from '../../../../plugin/host/tools/registry.ts'
import type { Outcome } from '../../../../plugin/host/tools/tool.ts'
import type { ToolContext } from '../../../../plugin/host/tools/tool-context.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { type Bench, startBench } from '../../../fixtures/tool-context.ts'

const TASK_ID = 'c0ffee00-0000-4000-8000-000000000007'
const TASK = { id: TASK_ID, workspaceId: OWN_ID, peerId: PEER_ID, task: 'build it' }
const bench = (platformUrl: string, more: Partial<ToolContext> = {}): Bench =>
  startBench([{ platformUrl, workspaceId: OWN_ID, token: TOKEN }], more)

interface Delegated {
  readonly outcome: Outcome
  readonly states: readonly Delegation['state'][]
  readonly isAwaited: boolean
}

async function delegate(answer: () => Response, more: object = {}): Promise<Delegated> {
  await using platform = startLyingPlatform(answer)
  using ours = bench(platform.url)
  const outcome = await ours.call('delegate_task', { workspace_id: PEER_ID, task: 'build it', ...more })
  const { delegations } = ours.ledger
  return {
    outcome,
    states: delegations.list(OWN_ID, 10).map(({ state }) => state),
    isAwaited: delegations.anyAwaited([OWN_ID], ours.context.clock.now()),
  }
}

describe('delegate_task', () => {
  test('closes the task when the peer answers in the same call', async () => {
    const done = () => Response.json({ result: { parts: [{ kind: 'text', text: 'done' }] } })
    expect((await delegate(done)).states).toEqual(['completed'])
    const refused = () => Response.json({ error: { code: 1, message: 'no' } })
    expect((await delegate(refused)).states).toEqual(['failed'])
  })

  test('keeps the task open until a peer that fetches its messages answers', async () => {
    const { outcome, states } = await delegate(() => Response.json({ status: 'queued' }))
    expect([outcome.isError, states]).toEqual([undefined, ['open']])
  })

  test('forgets a task that the platform refuses', async () => {
    const { outcome, states } = await delegate(() => Response.json({ error: 'no' }, { status: 400 }))
    expect([outcome.isError, states]).toEqual([true, []])
  })

  test('sends and keeps nothing when too many messages are being answered, or the call was given up', async () => {
    await using platform = startLyingPlatform(() => new Promise(() => {}))
    using ours = bench(platform.url)
    const args = { workspace_id: PEER_ID, task: 'build it' }
    const stop = AbortSignal.abort()
    await callTool('delegate_task', args, ours.context, stop)
    expect(ours.ledger.delegations.list(OWN_ID, 99)).toEqual([])
    for (let n = 0; n < 50; n++) void ours.call('delegate_task', args)
    await until('the messages to arrive', () => platform.seen.length === 50)
    const { isError, text } = await ours.call('delegate_task', args)
    expect([isError, text]).toEqual([true, expect.stringContaining('Nothing was sent')])
    expect([ours.ledger.delegations.list(OWN_ID, 99).length, platform.seen.length]).toEqual([50, 50])
    ours.context.exchanges.end()
  })

  test('keeps a task that may have arrived, and awaits its answer no longer', async () => {
    const busy = () => Response.json({ busy: true }, { status: 503 })
    const { outcome, states, isAwaited } = await delegate(busy, { wait_seconds: 60 })
    expect([outcome.isError, states, isAwaited]).toEqual([true, ['open'], false])
  })
})

describe('the result of delegate_task says where the answer arrives', () => {
  const tell = async (more: Partial<ToolContext>): Promise<string> => {
    await using platform = startLyingPlatform(() => Response.json({ status: 'queued' }))
    using ours = bench(platform.url, more)
    return (await ours.call('delegate_task', { workspace_id: PEER_ID, task: 'build it' })).text
  }

  test('here, in the session that receives, or in inbox alone', async () => {
    expect(await tell({})).toContain('The answer arrives here as a channel message')
    expect(await tell({ arrival: () => 'elsewhere' })).toContain('arrives in the session that receives')
    expect(await tell({ arrival: () => 'inbox' })).toContain('arrives in inbox, where wait_seconds waits')
  })

  test('nowhere, if the peer may not write to this session', async () => {
    expect(await tell({ allowedSenders: () => [OWN_ID] })).toContain('its answer will not be shown here')
  })
})

describe('delegate_task_async', () => {
  const accepted = () => Response.json({ delegation_id: TASK_ID, status: 'delegated' })
  const args = { workspace_id: PEER_ID, task: 'build it' }

  test('tracks the task, whose result the platform reports', async () => {
    await using platform = startLyingPlatform(accepted)
    using ours = bench(platform.url)
    expect((await ours.call('delegate_task_async', args)).text).toContain('The answer arrives here')
    expect(ours.ledger.delegations.find(OWN_ID, TASK_ID)).toMatchObject({ state: 'open', watched: true })
  })

  test('does not fail when the task cannot be tracked, since it is given by then', async () => {
    await using platform = startLyingPlatform(accepted)
    using ours = bench(platform.url, { ledger: () => undefined })
    const { isError, text } = await ours.call('delegate_task_async', args)
    expect([isError, text]).toEqual([undefined, expect.stringContaining('cannot be tracked here')])
  })
})

describe('check_task_status', () => {
  const ask = (ours: Bench): Promise<Outcome> => ours.call('check_task_status', { task_id: TASK_ID })
  const answered = (ours: Bench): void => {
    const content = JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER_ID, text: 'half done' })
    const task = { id: TASK_ID, by: 'peer', failed: false } as const
    ours.ledger.of(OWN_ID).storePage([entry({ peerId: PEER_ID, content, task })], undefined, 0)
  }

  test('tells what it knows when the platform cannot be asked, and fails when it knows nothing', async () => {
    await using platform = startLyingPlatform(() => Response.json({ error: 'down' }, { status: 500 }))
    using ours = bench(platform.url)
    expect(await ask(ours)).toMatchObject({ isError: true, text: expect.stringContaining('Try again') })
    ours.ledger.delegations.add({ ...TASK, watched: false }, ours.context.clock.now())
    const { isError, text } = await ask(ours)
    expect(isError).toBeUndefined()
    expect(text).toStartWith(`Task ${TASK_ID} for peer ${PEER_ID}: open, given `)
    expect(text).toContain('\nCould not ask the platform for its state: ')
  })

  test('takes a peer at its word only for a task the platform does not track', async () => {
    await using platform = startLyingPlatform(() => Response.json([]))
    for (const [watched, expected] of [
      [false, `Task ${TASK_ID} was answered.`],
      [true, `Task ${TASK_ID} for peer ${PEER_ID}: open`],
    ] as const) {
      using ours = bench(platform.url)
      ours.ledger.delegations.add({ ...TASK, watched }, ours.context.clock.now())
      answered(ours)
      expect((await ask(ours)).text).toStartWith(expected)
    }
  })

  test('calls a task unknown that is known neither here nor on the platform', async () => {
    await using platform = startLyingPlatform(() => Response.json([]))
    using ours = bench(platform.url)
    expect(await ask(ours)).toMatchObject({ isError: true, text: expect.stringContaining('No task') })
  })
})
