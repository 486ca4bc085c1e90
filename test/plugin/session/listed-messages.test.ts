import { expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { entries } from '../../fixtures/entries.ts'
import { FIRST, SessionScene } from '../../fixtures/session-scene.ts'

test('a call that waits finds a new message behind any number of listed ones', () => {
  using scene = new SessionScene()
  const process = scene.start(HOSTS.another)
  scene.pass(1_000)
  const ledger = process.session.ledger()?.of(FIRST)
  const [added, ...old] = entries(251).toReversed()
  if (added === undefined) throw new Error('no entry')
  ledger?.storePage(old, undefined, scene.clock.now())
  const wait = (): string => process.call('inbox', { oldest_first: true, wait_seconds: 10 })
  for (let calls = 0; calls < 5; calls++) expect(wait()).toStartWith('50 new messages:')
  expect(wait()).toStartWith('No new message came')
  ledger?.storePage([added], undefined, scene.clock.now())
  expect(wait()).toContain(added.activityId)
})
