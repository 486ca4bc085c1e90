import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Host } from '../../lab/driver/host.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const NOTE = 'Note: another process, in another state folder or on another machine'

test('two sessions with the same workspace in two state folders both say so', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const hosts: Host[] = []
  for (const name of ['one', 'two']) {
    const host = await scene.host(scene.settings(member, { MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }, name))
    await host.receiving()
    hosts.push(host)
  }
  for (const host of hosts) {
    await until(
      'the session to say so',
      async () => (await host.call('status')).text.includes('ANOTHER PROCESS RECEIVES THE SAME MESSAGES'),
      60_000,
    )
    expect((await host.call('list_peers')).text).toContain(NOTE)
  }
  for (const name of ['one', 'two']) {
    expect(scene.log(name)).toMatch(/ warn molecule channel: workspace \S+ has a second receiver/)
  }
})
