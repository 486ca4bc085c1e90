/** Answers to what a session asks of a person: looked for, read from the request itself, and shown like a message. */
import { expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

function begin(hasEvents = true): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene({ hasEvents })
  const process = scene.start()
  scene.pass(10_000)
  return { scene, process }
}

/** Asks, and returns the id of the request. */
function ask(process: SceneProcess, choices: readonly string[] = ['red', 'blue']): string {
  const offered = choices.length === 0 ? {} : { choices }
  const text = process.call('ask_person', { title: 'Which colour?', ...offered })
  const [, id] = /request_id (\S+)\)/.exec(text) ?? []
  if (id === undefined) throw new Error(text)
  return id
}

test('an answer is an event with the question, its choice and who gave it, and its notice is not shown', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  scene.first.requests.respond(id, 'done', 'blue')
  scene.until('the event', () => process.shown.length > 0)
  scene.pass(MINUTE_MS)
  expect(scene.first.feed.everything.map(({ noticeOf }) => noticeOf)).toHaveLength(1)
  expect(process.shown).toEqual([`request-${id}`])
  expect(process.events).toMatchObject([
    {
      kind: 'request_answer',
      request_id: id,
      request_title: 'Which colour?',
      request_status: 'done',
      choice: 'blue',
      answered_by: 'user',
    },
  ])
})

test('an event of the platform has the request read at once, and without events within 20 s', () => {
  for (const [hasEvents, limitMs] of [
    [true, 3_000],
    [false, 22_000],
  ] as const) {
    const { scene, process } = begin(hasEvents)
    using _ = scene
    const id = ask(process)
    scene.pass(20_000)
    scene.first.requests.respond(id, 'done', 'red')
    scene.until('the event', () => process.shown.length > 0, limitMs)
  }
})

test('a lost event delays an answer by a minute at most, and nothing is asked while nothing is open', () => {
  const { scene, process } = begin()
  using _ = scene
  const asked = () => scene.sent('requests').length
  scene.pass(5 * MINUTE_MS)
  expect(asked()).toBe(0)
  const ids = Array.from({ length: 4 }, () => ask(process))
  for (const id of ids) scene.first.requests.respond(id, 'done', null)
  scene.until('all events', () => process.shown.length === 4, MINUTE_MS + 2_000)
  const before = asked()
  scene.pass(5 * MINUTE_MS)
  expect(asked()).toBe(before)
})

test('a question outlives the session that asked it: the next one shows the answer', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  scene.pass(100)
  process.kill()
  scene.first.requests.respond(id, 'rejected', null)
  scene.pass(30_000)
  const later = scene.start()
  scene.until('the event', () => later.shown.length > 0, MINUTE_MS)
  expect(later.events).toMatchObject([{ request_id: id, request_status: 'rejected' }])
  scene.pass(MINUTE_MS)
  expect(later.shown).toEqual([`request-${id}`])
})

test('yes or no is asked as an approval, and its outcome is one of the two', () => {
  const { scene, process } = begin()
  using _ = scene
  const [one, two] = [ask(process, ['Yes', 'No']), ask(process, ['Yes', 'No'])]
  expect(scene.first.requests.all.map(({ kind, choices }) => [kind, choices])).toEqual([
    ['approval', []],
    ['approval', []],
  ])
  scene.first.requests.respond(one, 'approved', null)
  scene.first.requests.respond(two, 'rejected', null)
  scene.until('both events', () => process.shown.length === 2, 2 * MINUTE_MS)
  expect(process.events.map((meta) => [meta.request_id, meta.choice]).toSorted()).toEqual(
    [
      [one, 'Yes'],
      [two, 'No'],
    ].toSorted(),
  )
})

test('the number or the words of a choice answer the question, and the platform is told that nobody waits', () => {
  const { scene, process } = begin()
  using _ = scene
  const [one, two] = [ask(process), ask(process)]
  scene.first.requests.write(one, ' 2 ')
  scene.first.requests.write(two, 'RED')
  const ended = () => scene.first.requests.all.every(({ status }) => status === 'cancelled')
  scene.until('the end of both', ended, 2 * MINUTE_MS)
  scene.pass(2 * MINUTE_MS)
  expect(process.events.map((meta) => [meta.request_id, meta.choice, meta.request_status])).toEqual([
    [one, 'blue', 'info_requested'],
    [two, 'red', 'info_requested'],
  ])
})

test('other words are passed on as they are, the question stays open, and nothing is told twice', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  scene.first.requests.write(id, 'For which door?')
  scene.until('the first event', () => process.shown.length === 1, 2 * MINUTE_MS)
  scene.pass(2 * MINUTE_MS)
  expect(process.shown).toHaveLength(1)
  expect(process.events[0]?.choice).toBeUndefined()
  expect(process.call('inbox', { activity_id: process.shown[0] ?? '' })).toContain('For which door?')
  scene.first.requests.respond(id, 'done', 'red')
  scene.until('the second event', () => process.shown.length === 2, 2 * MINUTE_MS)
  expect(process.shown[1]).toBe(`request-${id}`)
})

test('a notice of words that nobody here has read is shown: it is all there is', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.feed.add({
    noticeOf: 'request-responded:33333333-3333-4333-8333-333333333333-x',
    text: 'Your task request "T" (id 33333333-3333-4333-8333-333333333333) was done by the user.',
  })
  scene.until('the event', () => process.shown.length === 1)
  expect(process.events).toMatchObject([{ kind: 'external' }])
})

test('a question that the platform forgot ends with a sentence that says so', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  scene.answer = ({ route, method }) =>
    route === 'requests' && method === 'GET' ? jsonResponse(404, { error: 'request not found' }) : undefined
  scene.until('the event', () => process.shown.length === 1, 2 * MINUTE_MS)
  expect(process.events).toMatchObject([{ request_id: id, request_status: 'unknown' }])
  scene.pass(5 * MINUTE_MS)
  expect(process.shown).toHaveLength(1)
})

test("a request of another workspace is not taken for ours, whatever the platform's answer holds", () => {
  const { scene, process } = begin()
  using _ = scene
  ask(process)
  const request = { requester_id: '22222222-2222-4222-8222-222222222222', status: 'done', choice: 'red' }
  scene.answer = ({ route, method }) =>
    route === 'requests' && method === 'GET' ? jsonResponse(200, { request, messages: [] }) : undefined
  scene.until('the event', () => process.shown.length === 1, 2 * MINUTE_MS)
  expect(process.events[0]?.request_status).toBe('unknown')
})

test('a withdrawn question is withdrawn on the platform, too, and nothing is shown for it', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  expect(process.call('ask_person', { withdraw: id })).toContain('is withdrawn')
  scene.until('the end', () => scene.first.requests.all[0]?.status === 'cancelled', 2 * MINUTE_MS)
  scene.pass(2 * MINUTE_MS)
  expect(process.shown).toEqual([])
  expect(process.call('ask_person', { withdraw: id })).toContain('is over already')
})

test('where no session receives, inbox has the answer', () => {
  using scene = new SessionScene()
  const process = scene.start(HOSTS.withoutChannel)
  scene.pass(10_000)
  const id = ask(process)
  scene.first.requests.respond(id, 'done', 'red')
  scene.pass(2_000)
  process.call('inbox')
  scene.pass(5_000)
  expect(process.call('inbox')).toContain(`request_id ${id}, choice "red"`)
  expect(process.call('inbox', { activity_id: `request-${id}` })).toContain('The person chose "red"')
})

test('with a full disk the answer waits on the platform, and no question ends without it', () => {
  const { scene, process } = begin()
  using _ = scene
  const id = ask(process)
  scene.isFull = true
  scene.first.requests.respond(id, 'done', 'red')
  scene.pass(2 * MINUTE_MS)
  expect(process.shown).toEqual([])
  scene.isFull = false
  scene.until('the event', () => process.shown.length === 1, 2 * MINUTE_MS)
  expect(scene.storage.recordOf(FIRST, `request-${id}`)).toMatchObject({ attempts: 1 })
})
