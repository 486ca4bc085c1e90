import { expect, test } from 'bun:test'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { Tenure } from '../../../member/workspace/tenure.ts'
import { makeWorkspace } from '../../fixtures/workspace.ts'

test('what the first look has stored so far counts as read, however long that look lasts', () => {
  const clock = new SimClock()
  const workspace = makeWorkspace({ clock, network: () => new Promise(() => {}) })
  const card = { name: '', description: '', version: '' }
  const tenure = new Tenure(workspace, {
    card,
    index: 0,
    takeRegistered: () => undefined,
    keepIssued: () => {},
  })
  void tenure.run()
  clock.runUntil(clock.now() + 1_000)
  expect(tenure.report().lastReadAt).toBeUndefined()
  workspace.events.emit('stored')
  expect(tenure.report().lastReadAt).toBe(clock.now())
  tenure.end()
})

test('a tenure holds nothing from the moment it is ended, and leaves no listener behind', () => {
  const clock = new SimClock()
  const workspace = makeWorkspace({ clock })
  const card = { name: '', description: '', version: '' }
  const tenure = new Tenure(workspace, {
    card,
    index: 0,
    takeRegistered: () => undefined,
    keepIssued: () => {},
  })
  void tenure.run()
  clock.runUntil(clock.now() + 60_000)
  const listeners = () => ['sent', 'stored'].map((name) => workspace.events.listenerCount(name))
  expect([tenure.held, ...listeners()]).toEqual([true, 1, 1])
  tenure.end()
  // Before anything that was under way has ended.
  expect([tenure.held, ...listeners()]).toEqual([false, 0, 0])
  clock.runUntil(clock.now())
  expect(clock.armed).toBe(0)
})
