import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { Chat } from '../../lab/driver/chat.ts'
import { Gate } from '../../lab/driver/gate.ts'
import { until } from '../../lab/driver/until.ts'
import { RunnerScene } from '../fixtures/runner-scene.ts'

setDefaultTimeout(300_000)

const MOCK = ['--backend', 'mock']

describe('a runner', () => {
  test('answers what waits oldest first, and nothing twice when the platform has forgotten its place', async () => {
    await using scene = await RunnerScene.open()
    const { platform, peer, member } = scene
    const forget = (times: number) =>
      platform.setFaults({
        answers: [{ kind: 'cursor_gone', path: `/workspaces/${member.id}/activity`, times }],
      })
    for (const text of ['1', '2']) await peer.write(member.id, text)
    expect(await scene.start([...MOCK, '--once']).exit).toBe(0)
    for (const text of ['3', '4', '5']) await peer.write(member.id, text)
    forget(2)
    scene.start(MOCK)
    await scene.answers(5)
    forget(1)
    await peer.write(member.id, '6')
    await scene.answers(6)
    await peer.write(member.id, '7')
    expect(await scene.answers(7)).toEqual(['1', '2', '3', '4', '5', '6', '7'].map((text) => `echo: ${text}`))
  })

  test.each([
    ['had not reached the platform is sent by the next one', false],
    ['had reached the platform is sent again under its id, and is there once', true],
  ])('that ends at once: an answer that %s', async (_, reaches) => {
    await using scene = await RunnerScene.open()
    await using gate = new Gate(scene.platform.url)
    const { platform, peer, member, requests } = scene
    const path = `/workspaces/${peer.id}/a2a`
    const tried = Promise.withResolvers<void>()
    gate.answer = async (request) => {
      if (new URL(request.url).pathname !== path) return undefined
      const { method, headers } = request
      if (reaches) await fetch(platform.url + path, { method, headers, body: await request.text() })
      tried.resolve()
      return new Promise<Response>(() => {})
    }
    const first = scene.start(MOCK, scene.settings({ MOLECULE_PLATFORM_URL: gate.url }))
    await peer.write(member.id, 'hello')
    await tried.promise
    for (const signal of ['SIGTERM', 'SIGTERM']) first.stop(signal)
    expect(await first.exit).toBe(0)
    expect(await scene.start([...MOCK, '--once']).exit).toBe(0)
    expect(await scene.answers(1)).toEqual(['echo: hello'])
    expect(requests.filter((request) => request === `POST ${path}`)).toHaveLength(reaches ? 2 : 1)
  })

  test('gives its backend a text, whether its part has a kind or a type, and whatever the platform makes of it', async () => {
    await using scene = await RunnerScene.open()
    scene.start(MOCK)
    const expected: string[] = []
    for (const contract of ['v1', 'v2'] as const) {
      scene.platform.setFaults({ contract })
      for (const name of ['kind', 'type']) {
        const text = `${contract} ${name}`
        await scene.peer.write(scene.member.id, text, { parts: [{ [name]: 'text', text }] })
        expected.push(`echo: ${text}`)
        expect(await scene.answers(expected.length)).toEqual(expected)
      }
    }
  })

  test('answers the person in the chat with a notice, and writes to no agent', async () => {
    await using scene = await RunnerScene.open()
    const { platform, member, requests } = scene
    const person = new Chat(platform.url, platform.adminToken)
    await person.write(member.id, 'hello')
    expect(await scene.start([...MOCK, '--once']).exit).toBe(0)
    expect(await person.read(member.id)).toEqual(['echo: hello'])
    const posts = requests.filter((request) => /^POST .*(?:notify|a2a)$/.test(request))
    expect(posts).toEqual([`POST /workspaces/${member.id}/a2a`, `POST /workspaces/${member.id}/notify`])
  })

  test('shows that its backend needs a repair, and is online again once it was repaired', async () => {
    await using scene = await RunnerScene.open()
    const { platform, member } = scene
    const agent = scene.path('agent')
    writeFileSync(agent, '#!/bin/sh\necho repaired\n')
    chmodSync(agent, 0o700)
    const chat = new Chat(platform.url, platform.adminToken)
    const becomes = (status: string) => until(status, async () => (await chat.badge(member.id)) === status)
    const settings = scene.settings({ MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' })
    scene.start(['--backend', 'codex', '--backend-opt', `bin=${agent}`], settings)
    await becomes('online')
    renameSync(agent, `${agent}-away`)
    await scene.peer.write(member.id, 'work')
    await becomes('degraded')
    renameSync(`${agent}-away`, agent)
    expect(await scene.answers(1)).toEqual(['repaired'])
    await becomes('online')
  })

  test('ends at once while its backend waits for a repair, and answers when it starts again', async () => {
    await using scene = await RunnerScene.open()
    const agent = scene.path('agent')
    writeFileSync(agent, '#!/bin/sh\necho repaired\n')
    chmodSync(agent, 0o700)
    const codex = ['--backend', 'codex', '--backend-opt', `bin=${agent}`]
    const running = scene.start(codex, scene.settings({ MOLECULE_LOG_LEVEL: 'info' }))
    await until('it to serve', () => running.complaints.some((line) => line.includes('is a member')))
    renameSync(agent, `${agent}-away`)
    await scene.peer.write(scene.member.id, 'work')
    const hasTried = (times: number) => running.complaints.some((line) => line.includes(`(try ${times})`))
    await until('the first try', () => hasTried(1))
    running.stop('SIGTERM')
    expect(await running.exit).toBe(0)
    expect(hasTried(2)).toBe(false)
    renameSync(`${agent}-away`, agent)
    scene.start(codex)
    expect(await scene.answers(1)).toEqual(['repaired'])
  })
})
