import { describe, expect, test } from 'bun:test'
import { MISHAPS } from '../../../lab/simulation/platform/trouble.ts'
import { acknowledge, fetchPage } from '../../../member/client/activity.ts'
import { followEvents } from '../../../member/client/events.ts'
import { lookUpWorkspace } from '../../../member/client/workspace.ts'
import { PlatformScene, TestProcess } from '../../fixtures/platform-scene.ts'

const HOUR_MS = 3_600_000
const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1)

describe('a process that dies', () => {
  test.each([
    ['before its request leaves has nothing carried out', 0, 0],
    ['after its request was carried out gets no answer', 1, 1],
  ])('%s', (_, halves, carriedOut) => {
    const scene = new PlatformScene()
    scene.workspace.feed.add()
    const process = new TestProcess(1)
    process.halves = halves
    const outcome = scene.outcome(acknowledge(scene.client(process), 1))
    expect(process.dead).toBe(true)
    expect(outcome.kind).toBe('open')
    expect(scene.workspace.records.acknowledgements).toHaveLength(carriedOut)
  })

  test('cannot call back the request it sent, and gets nothing more', () => {
    const scene = new PlatformScene()
    scene.workspace.feed.add()
    const process = new TestProcess(1)
    const work = acknowledge(scene.client(process), 1)
    scene.pass(0)
    process.dead = true
    expect(scene.outcome(work)).toEqual({ kind: 'open' })
    expect(scene.outcome(acknowledge(scene.client(process), 2))).toEqual({ kind: 'open' })
    expect(scene.workspace.records.acknowledgements).toMatchObject([{ seq: 1 }])
  })

  test('does not get the answer that was on its way', () => {
    const outcomes = SEEDS.flatMap((seed) => {
      const scene = new PlatformScene({ seed, troubleMs: HOUR_MS })
      scene.workspace.feed.add()
      const process = new TestProcess(1)
      const work = acknowledge(scene.client(process), 1)
      while (scene.outcome(work, 1).kind === 'open') {
        if (scene.workspace.records.acknowledgements.length === 0) continue
        process.dead = true
        return [scene.outcome(work).kind]
      }
      return []
    })
    expect(outcomes.length).toBeGreaterThan(SEEDS.length / 2)
    expect(new Set(outcomes)).toEqual(new Set(['open']))
  })
})

describe('trouble', () => {
  const read = (scene: PlatformScene, times: number): readonly string[] =>
    Array.from({ length: times }, () => scene.outcome(fetchPage(scene.client(), { limit: 3 })).kind)

  test('takes every form it can, and ends when the calm begins', () => {
    const scene = new PlatformScene({ troubleMs: 5 * HOUR_MS })
    for (let n = 0; n < 3; n++) scene.workspace.feed.add()
    read(scene, 300)
    for (const name of MISHAPS) expect(scene.platform.mishaps[name], name).toBeGreaterThan(0)
    const before = { ...scene.platform.mishaps }
    expect(new Set(read(scene, 50))).toEqual(new Set(['done']))
    expect(scene.platform.mishaps).toEqual(before)
    expect(scene.faults).toEqual([])
  })

  test('is the same for the same seed', () => {
    const lives = [7, 7, 8].map((seed) => read(new PlatformScene({ seed, troubleMs: HOUR_MS }), 60))
    expect(lives[1]).toEqual(lives[0] ?? [])
    expect(lives[2]).not.toEqual(lives[0])
  })

  test('never makes a lookup lie', () => {
    for (const seed of SEEDS) {
      const scene = new PlatformScene({ seed, troubleMs: HOUR_MS })
      const outcome = scene.outcome(lookUpWorkspace(scene.client()))
      if (outcome.kind === 'done') expect(outcome.value.state).toBe('present')
      else expect(outcome).toMatchObject({ kind: 'failed', error: { kind: 'retry' } })
    }
  })

  test('closes, silences and refuses event streams', () => {
    const ends = SEEDS.map((seed) => {
      const scene = new PlatformScene({ seed, troubleMs: HOUR_MS })
      const began = scene.clock.now()
      const { signal } = new AbortController()
      const options = { signal, onOpen: () => {}, onHint: () => {}, silenceMs: 30_000 }
      const stream = followEvents(scene.client(), options).then(() => scene.clock.now() - began)
      const beats = scene.clock.every(10_000, () => scene.workspace.streams.tell('WORKSPACE_HEARTBEAT'))
      const outcome = scene.outcome(stream)
      beats()
      return outcome.kind === 'done' ? (outcome.value < 22_000 ? 'closed' : 'silent') : outcome.kind
    })
    expect(new Set(ends)).toEqual(new Set(['open', 'closed', 'silent', 'failed']))
  })
})
