import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { Story } from '../../lab/demo/story.ts'
import { playTeam } from '../../lab/demo/team.ts'
import { ConnectProcess } from '../../lab/driver/connect-process.ts'
import { Peer } from '../../lab/driver/peer.ts'
import { isGroup } from '../../lab/driver/processes.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const uptimeSchema = z.object({ uptime_seconds: z.number() })

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene[Symbol.asyncDispose]())

let places = 0

/** A team of two: the workspace that answers, and a peer that writes to it. */
function team() {
  const [lead, builder] = scene.platform.createTeam()
  if (lead === undefined || builder === undefined) throw new Error('no team')
  const name = `state-${++places}`
  const start = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    ConnectProcess.start(words, {
      env: scene.settings(builder, { MOLECULE_POLL_INTERVAL_MS: '250', ...more }, name),
      cwd: scene.folder,
    })
  return { workspace: builder, peer: new Peer(scene.platform.url, lead), start, name }
}

const exec = (cmd: string, ...options: readonly string[]): readonly string[] => [
  '--backend',
  'exec',
  ...[`cmd=${cmd}`, ...options].flatMap((option) => ['--backend-opt', option]),
]

const answersTo = async (peer: Peer, workspace: Member): Promise<readonly string[]> =>
  (await peer.received()).filter(({ from }) => from === workspace.id).map(({ text }) => text)

describe.concurrent('molecule connect', () => {
  test('a session gives work to two runners, and the person reads what came of it', async () => {
    const told: string[] = []
    await playTeam(scene, new Story((line) => told.push(line), false))
    expect(told.join('\n')).toMatch(
      /person +reads it in the chat {2}“[1-9]\d* test files; noted: Read the changelog\.”/,
    )
  })

  test('answers a peer and the person, each where they wrote, in the order of their messages', async () => {
    const { workspace, peer, start } = team()
    for (const text of ['one', 'two', 'three']) await peer.write(workspace.id, text)
    await scene.person.write(workspace.id, 'four')
    await using runner = await start(['--backend', 'mock', '--backend-opt', 'reply=<%s>'])
    await until('the answers', async () => (await answersTo(peer, workspace)).length === 3)
    expect(await answersTo(peer, workspace)).toEqual(['<one>', '<two>', '<three>'])
    await until('the chat', async () => (await scene.person.read(workspace.id)).includes('<four>'))
    runner.kill('SIGTERM')
    expect(await runner.exit()).toBe(0)
    expect(runner.stdout).toBe('')
    expect(runner.stderr).not.toContain(workspace.token)
  })

  test('gives a command the text, says in its environment who wrote it, and keeps the token from it', async () => {
    const { workspace, peer, start } = team()
    await using runner = await start(exec('cat; echo; env'))
    await runner.serving()
    await peer.write(workspace.id, 'what am I given?')
    const [answer = ''] = await until('the answer', async () => {
      const answers = await answersTo(peer, workspace)
      return answers.length > 0 ? answers : undefined
    })
    expect(answer).toStartWith('what am I given?\n')
    expect(answer).toContain(`MOLECULE_CALLER_ID=${peer.id}\n`)
    expect(answer).toContain(`MOLECULE_WORKSPACE_ID=${workspace.id}\n`)
    expect(answer).toContain('MOLECULE_KIND=peer_agent\n')
    expect(answer).not.toContain(workspace.token)
  })

  test('a kill repeats a message, marked, and the peer gets one answer', async () => {
    const { workspace, peer, start, name } = team()
    const seen = scene.path(`${name}-seen`)
    const cmd = `echo "$MOLECULE_REDELIVERED." >>${seen}; [ -e ${seen}-go ] || sleep 30; cat`
    await using first = await start(exec(cmd))
    await first.serving()
    await peer.write(workspace.id, 'once')
    await until('the command', () => existsSync(seen))
    first.kill('SIGKILL')
    await first.exit()
    writeFileSync(`${seen}-go`, '')
    await using second = await start(exec(cmd))
    await until('the answer', async () => (await answersTo(peer, workspace)).length === 1)
    expect(readFileSync(seen, 'utf8')).toBe('.\ntrue.\n')
    second.kill('SIGTERM')
    expect(await second.exit()).toBe(0)
  })

  test('two never hold one workspace: the second names the first and ends with 1', async () => {
    const { start } = team()
    await using first = await start(['--backend', 'mock'])
    await first.serving()
    await using second = await start(['--backend', 'mock'])
    expect(await second.exit()).toBe(1)
    expect(second.stderr).toContain(`is held by pid ${first.pid}`)
  })

  test('a module that never returns holds up no heartbeat, and ends with its runner', async () => {
    const { workspace, peer, start, name } = team()
    const module = scene.path(`${name}-module.ts`)
    const pid = scene.path(`${name}-pid`)
    // Waits without using a processor.
    writeFileSync(
      module,
      `export default () => {
        require('node:fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      }`,
    )
    const words = ['--backend', 'module', '--backend-opt', `module=${module}`]
    await using runner = await start(words, { MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' })
    await peer.write(workspace.id, 'work')
    await until('the module', () => existsSync(pid))
    const uptime = await uptimeOf(workspace)
    await until('three heartbeats', async () => (await uptimeOf(workspace)) >= uptime + 3)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) runner.kill(signal)
    expect(await runner.exit()).toBe(0)
    expect(await answersTo(peer, workspace)).toEqual([])
    await until('no module', () => !isGroup(Number(readFileSync(pid, 'utf8'))))

    await using killed = await start(words)
    await until('the module', () => isGroup(Number(readFileSync(pid, 'utf8'))))
    killed.kill('SIGKILL')
    await until('no module', () => !isGroup(Number(readFileSync(pid, 'utf8'))))
  })

  test('a session claims a workspace from a runner, which it names, and gives it back when it ends', async () => {
    const { workspace, peer, start, name } = team()
    await using runner = await start(['--backend', 'mock'])
    await runner.serving()
    const host = await scene.host(scene.settings(workspace, {}, name))
    await until('its name', async () =>
      (await host.call('status')).text.includes(
        `held by the session with pid ${runner.pid} (molecule connect --backend mock)`,
      ),
    )
    expect((await host.call('claim_channel')).text).toContain('This session receives for workspace')
    await peer.write(workspace.id, 'for the session')
    await host.event(({ content }) => content === 'for the session')
    await host.close()
    await peer.write(workspace.id, 'for the runner')
    await until('the answer', async () => (await answersTo(peer, workspace)).includes('echo: for the runner'))
  })
})

/** Of its receiver, in seconds, as the last heartbeat said. */
async function uptimeOf({ id, token }: Member): Promise<number> {
  const response = await fetch(`${scene.platform.url}/workspaces/${id}`, {
    headers: { Authorization: `Bearer ${token}` },
  })
  return uptimeSchema.parse(await response.json()).uptime_seconds
}
