import { expect, test } from 'bun:test'
import type { Sighting, Written } from '../../../lab/soak/run-record.ts'
import { judge, type Row, type Verdict } from '../../../lab/soak/verdict.ts'

const written = (key: string, more: Partial<Written> = {}): Written => ({
  key,
  workspaceId: 'w',
  characters: 0,
  accepted: true,
  ...more,
})
const row = (key: string, workspaceId = 'w'): Row => ({ workspaceId, activityId: `id of ${key}`, key })
const seen = (key: string, session: number, more: Partial<Sighting> = {}): Sighting => ({
  ...row(key),
  session,
  redelivered: false,
  ...more,
})

/** What is wrong, without what is merely counted. */
function faults(verdict: Verdict) {
  const { lost, doubledWithin, doubledAcross, outOfOrder, unexpected } = verdict
  return [lost, doubledWithin, doubledAcross, outOfOrder, unexpected].map(({ length }) => length)
}

const THREE = ['a', 'b', 'c']

function judgeThree(sightings: readonly Sighting[], kept: (row: Row) => boolean = () => false): Verdict {
  return judge({
    written: THREE.map((key) => written(key)),
    rows: THREE.map((key) => row(key)),
    sightings,
    kept,
  })
}

test('each message shown, some again with the mark in a later session: nothing is wrong', () => {
  const verdict = judgeThree([
    seen('a', 1),
    seen('b', 1),
    seen('b', 2, { redelivered: true }),
    seen('c', 2, { redelivered: true }),
  ])
  expect(faults(verdict)).toEqual([0, 0, 0, 0, 0])
  expect(verdict).toMatchObject({ accepted: 3, shown: 3, marked: 1, kept: 0, storedUnanswered: 0 })
})

test('a message that no session was given is lost, unless the inbox keeps it', () => {
  const sightings = [seen('a', 1), seen('c', 1)]
  expect(faults(judgeThree(sightings))).toEqual([1, 0, 0, 0, 0])
  const kept = judgeThree(sightings, ({ key }) => key === 'b')
  expect(faults(kept)).toEqual([0, 0, 0, 0, 0])
  expect(kept.kept).toBe(1)
})

test('a message that was accepted and that the platform does not have is lost', () => {
  const verdict = judge({ written: [written('a')], rows: [], sightings: [], kept: () => false })
  expect(verdict.lost).toEqual(['a was accepted, and the platform does not have it'])
})

test('a message that was stored without an answer has to be shown too, one that was not stored has not', () => {
  const verdict = judge({
    written: [written('a', { accepted: false }), written('b', { accepted: false })],
    rows: [row('a')],
    sightings: [],
    kept: () => false,
  })
  expect(verdict).toMatchObject({ accepted: 0, storedUnanswered: 1, lost: ['a was never shown'] })
})

test('a repeat within one session is a fault even with the mark, across sessions without it', () => {
  const twice = [seen('a', 1), seen('a', 1, { redelivered: true }), seen('b', 1), seen('b', 2), seen('c', 2)]
  expect(faults(judgeThree(twice))).toEqual([0, 1, 1, 0, 0])
})

test('the order is that of first showings in each workspace', () => {
  expect(faults(judgeThree([seen('b', 1), seen('a', 1), seen('c', 1)]))).toEqual([0, 0, 0, 1, 0])
  const rows = [row('a'), row('b', 'v'), row('c')]
  const sightings = [seen('b', 1, { workspaceId: 'v' }), seen('a', 1), seen('c', 1)]
  const keys = THREE.map((key) => written(key))
  expect(faults(judge({ written: keys, rows, sightings, kept: () => false }))).toEqual([0, 0, 0, 0, 0])
})

test('an event under an id that the platform does not have, or that is another message, is unexpected', () => {
  const sightings = [...THREE.map((key) => seen(key, 1)), seen('a', 1, { activityId: 'id of nothing' })]
  expect(faults(judgeThree(sightings))).toEqual([0, 0, 0, 0, 1])
  expect(faults(judgeThree([seen('a', 1, { activityId: 'id of b' }), seen('c', 1)]))).toEqual([1, 0, 0, 0, 1])
})
