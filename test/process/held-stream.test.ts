import { expect, setDefaultTimeout, test } from 'bun:test'
import { HoldingProxy } from '../../lab/driver/holding-proxy.ts'
import { Scene } from '../../lab/driver/scene.ts'

setDefaultTimeout(300_000)

for (const [holding, what] of [
  ['head', 'passes the head of an event stream and holds its body back'],
  ['first', 'passes the first bytes of an event stream and holds the rest back'],
  ['gzip', 'compresses an event stream'],
] as const) {
  test.concurrent(`behind a proxy that ${what}, messages arrive at the configured poll interval`, async () => {
    await using scene = await Scene.open()
    await using proxy = await HoldingProxy.open(scene.platform.url, holding)
    const member = scene.member()
    const host = await scene.host(scene.settings(member, { MOLECULE_PLATFORM_URL: proxy.url }))
    await host.receiving()
    for (const text of ['one', 'two', 'three']) {
      await scene.person.write(member.id, text)
      await host.event(({ content }) => content === text)
    }
    expect(proxy.streams).toBeGreaterThan(0)
    expect((await host.call('status')).text).toMatch(/registered, (?:event stream silent, so )?polling/)
  })
}
