import { describe, expect, test } from 'bun:test'
import type { SentMessage } from '../../../lab/simulation/platform/records.ts'
import type { GivenTask } from '../../../lab/simulation/platform/task-book.ts'
import { type SendOutcome, sendMessage } from '../../../member/client/a2a.ts'
import { fetchPage } from '../../../member/client/activity.ts'
import {
  delegate,
  fetchResult,
  listDelegations,
  type TaskReport,
} from '../../../member/client/delegations.ts'
import { interpretRow } from '../../../member/client/inbound.ts'
import { notifyUser } from '../../../member/client/notify.ts'
import { type Outcome, PEER, PlatformScene, WORKSPACE } from '../../fixtures/platform-scene.ts'

const ID = '5e55a6e0-0000-4000-8000-000000000001'
const HOUR_MS = 3_600_000
const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1)

interface Sent {
  readonly scene: PlatformScene
  readonly outcome: Outcome<SendOutcome>
  readonly messages: readonly SentMessage[]
  readonly task: GivenTask | undefined
}

function send(troubleMs: number, seed: number, delegationId?: string): Sent {
  const scene = new PlatformScene({ seed, troubleMs })
  const message = { messageId: ID, text: 'hello', ...(delegationId === undefined ? {} : { delegationId }) }
  const outcome = scene.outcome(sendMessage(scene.client(), PEER, message, 20_000), 5 * 60_000)
  const { records, tasks } = scene.workspace
  return { scene, outcome, messages: records.messages, task: tasks.all[0] }
}

const kindOf = ({ outcome }: Sent): string => (outcome.kind === 'done' ? outcome.value.kind : outcome.kind)

describe('a message to a peer', () => {
  test('arrives exactly once when the client reports success, and never twice, however often the client had to send it', () => {
    const lives = SEEDS.map((seed) => send(HOUR_MS, seed))
    expect(lives.flatMap(({ scene }) => scene.faults)).toEqual([])
    for (const life of lives) {
      const kind = kindOf(life)
      if (kind === 'queued' || kind === 'answered') expect(life.messages).toHaveLength(1)
      expect(life.messages.length).toBeLessThan(2)
    }
    expect(lives.some(({ messages }) => (messages[0]?.copies ?? 0) > 1)).toBe(true)
    const kinds = new Set(lives.map(kindOf))
    for (const kind of ['queued', 'answered', 'unsure', 'failed']) expect(kinds, kind).toContain(kind)
  })

  test('that reuses the id of another is a fault, and an unknown peer is refused', () => {
    const { scene } = send(0, 1)
    const say = (text: string, peerId = PEER, messageId = ID) =>
      scene.outcome(sendMessage(scene.client(), peerId, { messageId, text }, 20_000))
    say('hello')
    expect(scene.faults).toEqual([])
    say('goodbye')
    expect(scene.faults).toEqual([`two messages have the id ${ID}`])
    expect(say('hello', ID, WORKSPACE)).toMatchObject({ kind: 'failed', error: { status: 403 } })
  })

  test('arrives in the feed of a peer on the same platform, whose answer to a task is recorded', () => {
    const { scene } = send(0, 1)
    const peer = scene.found(PEER, { peers: [{ id: WORKSPACE, name: 'The other' }] })
    const task = { messageId: WORKSPACE, text: 'do it', delegationId: WORKSPACE }
    scene.outcome(sendMessage(scene.client(), PEER, task, 20_000))
    const [row] = scene.result(fetchPage(scene.client(undefined, peer), { limit: 1 })).rows
    if (row === undefined) throw new Error('nothing arrived')
    expect(interpretRow(row, PEER)).toMatchObject({
      message: { peerId: WORKSPACE, text: 'do it', delegationId: WORKSPACE },
    })
    const answer = { messageId: PEER, text: 'done', delegationId: WORKSPACE }
    scene.outcome(sendMessage(scene.client(undefined, peer), WORKSPACE, answer, 20_000))
    const given = scene.workspace.tasks.all.find(({ id }) => id === WORKSPACE)
    expect(given?.answers).toContainEqual(expect.objectContaining({ by: 'row', text: 'done' }))
  })
})

test('a notice to the user is recorded', () => {
  const { scene } = send(0, 1)
  scene.result(notifyUser(scene.client(), 'I am here'))
  expect(scene.workspace.records.notices).toMatchObject([{ text: 'I am here', process: 1 }])
})

test('a task sent as a message is answered in the same call, later by a row that names it, or never', () => {
  const lives = SEEDS.map((seed) => send(0, seed, ID))
  const ways = new Set<string>()
  for (const { scene, outcome, task } of lives) {
    expect(task).toMatchObject({ id: ID, peerId: PEER, text: 'hello', by: 'message' })
    const [answer, more] = task?.answers ?? []
    expect(more).toBeUndefined()
    ways.add(answer?.by ?? 'never')
    const { rows } = scene.result(fetchPage(scene.client(), { limit: 10 }))
    if (answer?.by !== 'row') {
      expect(rows).toEqual([])
      const kind = answer === undefined ? 'queued' : answer.failed ? 'failed' : 'answered'
      expect(outcome).toMatchObject({ value: { kind } })
      continue
    }
    expect(outcome).toMatchObject({ value: { kind: 'queued' } })
    expect(rows.map((row) => interpretRow(row, WORKSPACE))).toMatchObject([
      { deliver: true, message: { kind: 'peer_agent', peerId: PEER, delegationId: ID, text: answer.text } },
    ])
    expect(rows[0]?.id).toBe(answer.rowId ?? '')
  }
  expect(ways).toEqual(new Set(['reply', 'row', 'never']))
})

describe.each([
  ['newer', false],
  ['older', true],
] as const)('a task delegated to the %s platform', (_, timestampCursor) => {
  const ends = SEEDS.map((seed) => {
    const scene = new PlatformScene({ seed, timestampCursor })
    const client = scene.client()
    const { id } = scene.result(delegate(client, PEER, 'do it', 'a key'), 200)
    scene.pass(5 * 60_000)
    const [report] = scene.result(listDelegations(client))
    if (report === undefined) throw new Error('the task is not listed')
    const { rows } = scene.result(fetchPage(client, { limit: 10 }))
    return {
      scene,
      id,
      report,
      rows,
      text: scene.result(fetchResult(client, id)),
      task: scene.workspace.tasks.all[0],
    }
  })

  test('is listed with its end and its whole result', () => {
    for (const { id, report, text, task } of ends) {
      expect(report).toMatchObject({ id, sourceId: WORKSPACE, state: task?.status ?? '' })
      const listed = task?.answers.find(({ by }) => by === 'list')
      if (listed === undefined) continue
      expect(report).toMatchObject({ preview: listed.text, state: listed.failed ? 'failed' : 'completed' })
      expect(text).toBe(listed.text)
    }
    const states = new Set(ends.map(({ report }) => report.state))
    expect(states).toEqual(new Set<TaskReport['state']>(['pending', 'queued', 'completed', 'failed']))
  })

  test('sometimes also ends in a row: its result, or the answer of the peer that has it', () => {
    const kinds = new Set<string>()
    for (const { id, report, rows, task } of ends) {
      const answers = task?.answers.filter(({ by }) => by === 'row') ?? []
      expect(rows.map((row) => row.id)).toEqual(answers.map(({ rowId }) => rowId ?? ''))
      for (const row of rows) {
        const reading = interpretRow(row, WORKSPACE)
        if (!reading.deliver) throw new Error(reading.reason)
        expect(reading.message).toMatchObject({
          peerId: PEER,
          delegationId: id,
          text: answers[0]?.text ?? '',
        })
        kinds.add(`${report.state} ${reading.message.kind}`)
      }
    }
    expect(kinds).toEqual(
      new Set(['queued peer_agent', 'completed delegation_result', 'failed delegation_result']),
    )
  })
})

test('one idempotency key makes one task, however often the client had to send it', () => {
  const outcomes = SEEDS.map((seed) => {
    const scene = new PlatformScene({ seed, troubleMs: HOUR_MS })
    const work = delegate(scene.client(), PEER, 'do it', 'a key')
    scene.outcome(work)
    return scene.workspace.tasks.all.length
  })
  expect(Math.max(...outcomes)).toBe(1)
})
