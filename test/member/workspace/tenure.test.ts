import { expect, test } from 'bun:test'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { Tenure } from '../../../member/workspace/tenure.ts'
import { makeWorkspace } from '../../fixtures/workspace.ts'

test('a tenure holds nothing from the moment it is ended, and leaves no listener behind', () => {
  const clock = new SimClock()
  const workspace = makeWorkspace({ clock })
  const card = { name: '', description: '', version: '' }
  const tenure = new Tenure(workspace, { card, index: 0, keepIssued: () => {} })
  void tenure.run()
  clock.runUntil(clock.now() + 60_000)
  expect([tenure.held, workspace.events.listenerCount('sent')]).toEqual([true, 1])
  tenure.end()
  // Before anything that was under way has ended.
  expect([tenure.held, workspace.events.listenerCount('sent')]).toEqual([false, 0])
  clock.runUntil(clock.now())
  expect(clock.armed).toBe(0)
})
