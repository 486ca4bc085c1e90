import { expect, test } from 'bun:test'
import { FIRST, SessionScene } from '../../fixtures/session-scene.ts'

const HOUR_MS = 60 * 60_000

test('a session whose host has not finished connecting sends nothing, writes nothing and takes no lock', () => {
  using scene = new SessionScene()
  const process = scene.launch()
  scene.pass(HOUR_MS)
  expect(scene.requests).toEqual([])
  expect(scene.files).toEqual(['.env'])
  expect([process.log, process.session.remark()]).toEqual([[], undefined])
  expect(process.status).toContain('receiving: not yet, the host has not finished connecting')
  expect(process.call('claim_channel')).toContain('The host has not finished connecting')
})

test('a session that is active holds, registers, reads and delivers', () => {
  using scene = new SessionScene()
  const process = scene.start()
  scene.pass(1_000)
  const { id } = scene.first.feed.add()
  scene.pass(10_000)
  expect(process.shown).toEqual([id])
  expect(process.holds(FIRST)).toBe(true)
  expect(scene.faults).toEqual([])
})

test('a tool that is called before the host has finished connecting has a ledger', () => {
  using scene = new SessionScene()
  const process = scene.launch()
  expect(process.call('inbox')).toBe('Nothing is unanswered.')
  expect(scene.requests).toEqual([])
})
