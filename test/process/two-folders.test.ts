import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Host } from '../../lab/driver/host.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(120_000)

/** Without a stream, two looks must fit between two heartbeats, on a busy machine too. */
const INTERVAL_MS = { withStream: '1000', without: '2000' }
const NOTE = 'Note: another process, in another state folder or on another machine'

for (const [what, hasStream] of [
  ['with an event stream', true],
  ['without one', false],
] as const) {
  test.concurrent(`two sessions with the same workspace in two state folders both say so, ${what}`, async () => {
    await using scene = await Scene.open()
    if (!hasStream) {
      scene.platform.setFaults({ answers: [{ kind: 'empty_404', path: '/events/stream', times: 0 }] })
    }
    const member = scene.member()
    const hosts: Host[] = []
    for (const name of ['one', 'two']) {
      const settings = {
        MOLECULE_HEARTBEAT_INTERVAL_MS: hasStream ? INTERVAL_MS.withStream : INTERVAL_MS.without,
      }
      const host = await scene.host(scene.settings(member, settings, name))
      await host.receiving()
      hosts.push(host)
    }
    for (const host of hosts) {
      await until(
        'the session to say so',
        async () => (await host.call('status')).text.includes('ALSO RECEIVED BY ANOTHER PROCESS'),
        60_000,
      )
      expect((await host.call('list_peers')).text).toContain(NOTE)
    }
    for (const name of ['one', 'two']) {
      expect(scene.log(name)).toMatch(
        / warn molecule channel: workspace \S+ is also received by another process/,
      )
    }
  })
}
