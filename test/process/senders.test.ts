import { expect, setDefaultTimeout, test } from 'bun:test'
import { Peer } from '../../lab/driver/peer.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

function team(scene: Scene) {
  const [lead, builder, reviewer] = scene.platform.createTeam()
  if (lead === undefined || builder === undefined || reviewer === undefined) throw new Error('no team')
  return { lead, builder, reviewer }
}

test.concurrent('a sender missing from MOLECULE_ALLOWED_SENDERS is counted and never shown', async () => {
  await using scene = await Scene.open()
  const { lead, builder, reviewer } = team(scene)
  const host = await scene.host(scene.settings(lead, { MOLECULE_ALLOWED_SENDERS: builder.id }))
  await host.receiving()
  await new Peer(scene.platform.url, reviewer).write(lead.id, 'from one who may not')
  await scene.person.write(lead.id, 'from the chat, which may not')
  await new Peer(scene.platform.url, builder).write(lead.id, 'from one who may')
  await host.event(({ content }) => content === 'from one who may')
  expect(host.events).toHaveLength(1)
  const { text } = await host.call('inbox', { show: 'skipped' })
  expect(text).toStartWith('2 messages:')
  expect(text).toContain('MOLECULE_ALLOWED_SENDERS')
  expect(text).not.toContain('may not')
  expect((await host.call('status')).text).toContain('2 skipped because of MOLECULE_ALLOWED_SENDERS')
  const { text: task } = await host.call('delegate_task', { workspace_id: reviewer.id, task: 'x' })
  expect(task).toContain('its answer will not be shown here')
})

test.concurrent('a peer that writes more than twenty messages in a minute is held back', async () => {
  await using scene = await Scene.open()
  const { lead, builder } = team(scene)
  const host = await scene.host(scene.settings(lead))
  await host.receiving()
  const peer = new Peer(scene.platform.url, builder)
  for (let n = 1; n <= 25; n++) await peer.write(lead.id, `round ${n}`)
  await scene.person.write(lead.id, 'are you two done?')
  await host.event(({ content }) => content === 'are you two done?')
  expect(host.events.filter(({ content }) => content.startsWith('round'))).toHaveLength(20)
  await until('the others to be held', async () => {
    const { text } = await host.call('inbox', { peer_id: builder.id })
    return text.split('held back').length - 1 === 5
  })
})

test.concurrent('a reply never goes to a stranger: someone who never wrote and is no peer', async () => {
  await using scene = await Scene.open()
  const { lead, builder } = team(scene)
  const host = await scene.host(scene.settings(lead))
  await host.receiving()
  const stranger = crypto.randomUUID()
  const refused = await host.call('reply_to_workspace', { peer_id: stranger, text: 'hello' })
  expect(refused.isError).toBeTrue()
  expect(refused.text).toContain('has never written to this workspace and is not one of its peers')
  expect(scene.requests.filter((request) => request.includes(stranger))).toEqual([])
  const taken = await host.call('reply_to_workspace', { peer_id: builder.id.toUpperCase(), text: 'hello' })
  expect(taken.isError).toBeFalse()
})
