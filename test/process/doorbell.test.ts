import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { RungHost } from '../../lab/driver/rung-host.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

test('a process that is rung puts a bell into its inbox, gives the messages to the call that reads, and confirms them', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const settings = scene.settings(member)
  await using rung = await RungHost.start(scene, settings)
  await rung.host.receiving()
  await scene.person.write(member.id, 'Is anybody there?')
  await until('the message to be read', () =>
    rung.reads.some(({ text }) => text.includes('Is anybody there?')),
  )
  await rung.idle
  const states = () => ledgerRows(settings.MOLECULE_STATE_DIR ?? '', 'SELECT state FROM message')
  await until('the message to be confirmed', () => Bun.deepEquals(states(), [{ state: 'confirmed' }]))
  expect([rung.inbox.prompts.length, rung.inbox.refused, rung.host.events.length]).toEqual([1, 0, 0])
  expect(rung.inbox.prompts[0]?.prompt).toContain('1 new message waits for you, from a person in the chat.')
  expect(rung.inbox.prompts[0]?.prompt).not.toContain('anybody')
  const status = (await rung.host.call('status')).text
  expect(status).toContain('receiving: yes')
  const log = readFileSync(`${settings.MOLECULE_STATE_DIR}/channel.log`, 'utf8')
  for (const text of [status, log, rung.host.stderr]) {
    for (const secret of Object.values(rung.inbox.env)) expect(text).not.toContain(secret)
  }
})
