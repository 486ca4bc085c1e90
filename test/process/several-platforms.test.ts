import { expect, setDefaultTimeout, test } from 'bun:test'
import { Gate, never } from '../../lab/driver/gate.ts'
import type { Host } from '../../lab/driver/host.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

interface Outage {
  readonly name: string
  /** @returns whether the plugin has noticed the outage by now. */
  readonly begin: (gate: Gate, log: () => string) => Promise<() => boolean>
  readonly end: (gate: Gate) => unknown
}

const pass = (): undefined => undefined

const OUTAGES: readonly Outage[] = [
  {
    name: 'is down',
    begin: async (gate, log) => {
      await gate.shut()
      return () => log().includes('cannot read its inbox')
    },
    end: (gate) => gate.reopen(),
  },
  {
    name: 'hangs',
    begin: async (gate) => {
      let hanging = 0
      gate.answer = () => {
        hanging++
        return never()
      }
      // An open stream would go on.
      await gate.reopen()
      return () => hanging > 0
    },
    end: async (gate) => {
      gate.answer = pass
      await gate.reopen()
    },
  },
  {
    name: 'answers garbage',
    begin: async (gate, log) => {
      gate.answer = () =>
        new Response('\u0000\u0001 {"id": [', { headers: { 'Content-Type': 'application/json' } })
      await gate.reopen()
      return () => log().includes('cannot read its inbox')
    },
    end: (gate) => {
      gate.answer = pass
    },
  },
]

async function arrives(host: Host, text: string): Promise<void> {
  await host.event(({ content }) => content === text)
}

for (const { name, begin, end } of OUTAGES) {
  test.concurrent(`a platform that ${name} disturbs no other, and delivery resumes where it stopped`, async () => {
    await using good = await Scene.open()
    await using bad = await Scene.open()
    await using gate = new Gate(bad.platform.url)
    const [one, two, three] = [good.member(), bad.member(), good.member()]
    const host = await good.host({
      MOLECULE_STATE_DIR: good.path('state'),
      MOLECULE_WORKSPACES_JSON: JSON.stringify([
        { id: one.id, token: one.token, platform_url: good.platform.url },
        { id: two.id, token: two.token, platform_url: gate.url },
        { id: three.id, token: three.token, platform_url: good.platform.url },
      ]),
      MOLECULE_POLL_INTERVAL_MS: '300',
    })
    await host.receiving()
    await bad.person.write(two.id, 'before')
    await arrives(host, 'before')

    const noticed = await begin(gate, () => good.log())
    await until('the plugin to notice the outage', noticed)
    await bad.person.write(two.id, 'during, 1')
    await bad.person.write(two.id, 'during, 2')
    for (const { id } of [one, three]) {
      await good.person.write(id, `to ${id}`)
      await arrives(host, `to ${id}`)
    }
    expect(host.events.filter(({ meta }) => meta.workspace_id === two.id)).toHaveLength(1)

    await end(gate)
    await bad.person.write(two.id, 'after')
    await arrives(host, 'after')
    const fromBad = host.events.filter(({ meta }) => meta.workspace_id === two.id)
    expect(fromBad.map(({ content }) => content)).toEqual(['before', 'during, 1', 'during, 2', 'after'])
    expect(fromBad.filter(({ meta }) => 'redelivered' in meta)).toEqual([])
    expect(good.log()).not.toContain(`${one.id} cannot`)
  })
}

test.concurrent('the token of a workspace goes to its own platform and to no other', async () => {
  await using first = await Scene.open()
  await using second = await Scene.open()
  const [one, two] = [first.member(), second.member()]
  const seen = new Map<string, Set<string>>()
  const listen = (gate: Gate): void => {
    gate.answer = (request) => {
      const tokens = seen.get(gate.url) ?? new Set()
      seen.set(gate.url, tokens.add(request.headers.get('Authorization') ?? ''))
      return undefined
    }
  }
  await using gateOne = new Gate(first.platform.url)
  await using gateTwo = new Gate(second.platform.url)
  listen(gateOne)
  listen(gateTwo)
  const host = await first.host({
    MOLECULE_STATE_DIR: first.path('state'),
    MOLECULE_WORKSPACE_IDS: `${one.id},${two.id}`,
    MOLECULE_WORKSPACE_TOKENS: `${one.token},${two.token}`,
    MOLECULE_PLATFORM_URLS: `${gateOne.url},${gateTwo.url}`,
  })
  await host.receiving()
  await host.call('list_peers', { workspace_id: one.id })
  await host.call('list_peers', { workspace_id: two.id })
  for (const [member, scene] of [
    [one, first],
    [two, second],
  ] as const) {
    await scene.person.write(member.id, 'hello')
    await host.event(({ meta }) => meta.workspace_id === member.id)
  }
  // Whether a platform answers is asked without a token.
  const tokens = (gate: Gate) => [...(seen.get(gate.url) ?? [])].filter((token) => token !== '')
  expect(tokens(gateOne)).toEqual([`Bearer ${one.token}`])
  expect(tokens(gateTwo)).toEqual([`Bearer ${two.token}`])
})
