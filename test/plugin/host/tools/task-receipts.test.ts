/** What check_task_status says of a task that is not answered yet: how far it got on its way to the peer's model. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { systemClock } from '../../../../base/clock.ts'
import { fetchPage, tellProgress } from '../../../../member/client/activity.ts'
import { PlatformClient } from '../../../../member/client/client.ts'
import { type RunningPlatform, startPlatform } from '../../../../platform/platform.ts'
import type { Member } from '../../../../platform/team.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

let platform: RunningPlatform
let lead: Member
let builder: Member

beforeAll(async () => {
  platform = await startPlatform()
})
beforeEach(() => {
  platform.resetFaults()
  const [first, second] = platform.createTeam()
  if (first === undefined || second === undefined) throw new Error('no team')
  lead = first
  builder = second
})
afterAll(() => platform.stop())

const endpoint = ({ id, token }: Member) => ({ platformUrl: platform.url, workspaceId: id, token })
const client = (member: Member) =>
  new PlatformClient(endpoint(member), { network: fetch, clock: systemClock })

test.each(['delegate_task', 'delegate_task_async'])('of a task given with %s', async (tool) => {
  using ours = startBench([endpoint(lead)])
  await ours.call(tool, { workspace_id: builder.id, task: 'look at this' })
  const task = ours.ledger.delegations.list(lead.id, 1)[0]?.id
  const said = async () => (await ours.call('check_task_status', { task_id: task })).text
  const texts: string[] = []
  if (tool === 'delegate_task') texts.push(await said())
  let row: { readonly id: string; readonly seq?: number | null | undefined } | undefined
  while (row === undefined) row = (await fetchPage(client(builder), { limit: 10 })).rows[0]
  texts.push(await said())
  await tellProgress(client(builder), { seq: row.seq ?? 0, receipts: [] })
  texts.push(await said())
  await tellProgress(client(builder), { seq: 0, receipts: [{ activityId: row.id, state: 'seen' }] })
  texts.push(await said())
  const expected = [
    /has not fetched it yet/,
    /has fetched it; it is not in the peer's session yet/,
    /in the peer's session; nothing says yet/,
    /The peer's model saw it at 20\d\d-/,
  ].slice(-texts.length)
  for (const [index, rule] of expected.entries()) expect(texts[index]).toMatch(rule)
  platform.setFaults({ receipts: 'contract' })
  expect(await said()).not.toMatch(/peer's model|fetched it/)
})
