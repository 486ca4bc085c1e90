import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningPlatform } from '../../../platform/platform.ts'
import { DoctorScene, doctorPlatform } from '../../fixtures/doctor-scene.ts'

let platform: RunningPlatform

beforeAll(async () => {
  platform = await doctorPlatform()
})
afterAll(() => platform.stop())

describe('doctor', () => {
  test('finds a set-up in order, says who receives, and leaves no trace', async () => {
    using scene = new DoctorScene(platform)
    scene.hold(scene.stateFolder)
    const before = readdirSync(scene.folder, { recursive: true })
    const { exitCode, checks } = await scene.ask()
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(exitCode).toBe(0)
    expect(readdirSync(scene.folder, { recursive: true })).toEqual(before)
    expect(checks.find(({ name }) => name === 'receiver')?.says).toContain('pid 7 (/home/ada) since ')
    expect(checks.find(({ name }) => name === 'workspace')?.says).toContain(`"builder" (${scene.member.id})`)
  })

  test('tells how to start a session while none receives, and creates no folder', async () => {
    using scene = new DoctorScene(platform)
    rmSync(scene.stateFolder, { recursive: true })
    scene.set({ ...scene.settings, MOLECULE_STATE_DIR: join(scene.folder, 'elsewhere') })
    const { exitCode, checks } = await scene.ask()
    expect(exitCode).toBe(0)
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toMatchObject([
      {
        name: 'receiver',
        verdict: 'warn',
        remedy: expect.stringMatching(
          /^Type \/molecule:receive in a session, or start a session with: claude /,
        ),
      },
    ])
    expect(existsSync(join(scene.folder, 'elsewhere'))).toBe(false)
  })

  test('says where each value comes from, and shows no token', async () => {
    using scene = new DoctorScene(platform)
    scene.set({ MOLECULE_AGENT_NAME: 'ada' })
    const { checks } = await scene.ask()
    const envFile = join(scene.stateFolder, '.env')
    expect(checks.find(({ name }) => name === 'settings')?.details).toEqual([
      `MOLECULE_PLATFORM_URL "${platform.url}" (line 1 of ${envFile})`,
      `MOLECULE_WORKSPACE_IDS "${scene.member.id}" (line 2 of ${envFile})`,
      `MOLECULE_WORKSPACE_TOKENS (not shown) (line 3 of ${envFile})`,
      'MOLECULE_AGENT_NAME "ada" (from the environment)',
    ])
  })

  test('prints a line for each check, with what to do below it', async () => {
    using scene = new DoctorScene(platform)
    scene.configure({ MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1' })
    const lines = (await scene.read()).split('\n')
    expect(lines).toContain('✗ platform      http://127.0.0.1:1 cannot be reached: nothing listens there')
    expect(lines).toContain(
      '                → Start the platform, or correct the port in MOLECULE_PLATFORM_URL.',
    )
    expect(lines).toContain('- token         skipped: depends on platform')
    expect(lines.at(-1)).toBe('1 of 15 checks failed, 4 skipped: begin with the first ✗')
  })

  test('asks for no channel where sessions receive by the doorbell', async () => {
    using scene = new DoctorScene(platform)
    scene.set({ DISABLE_TELEMETRY: '1', MOLECULE_CHANNEL: 'doorbell' })
    const { checks } = await scene.ask()
    expect(checks.find(({ name }) => name === 'channels')?.verdict).toBe('ok')
  })

  test('of an agent that joined, looks at its folder, and at the plugin of the clone: none needs to be installed', async () => {
    using scene = new DoctorScene(platform)
    scene.writeJson('home/.claude/plugins/installed_plugins.json', { plugins: {} })
    scene.writeJson('clone/dist/plugin/.claude-plugin/plugin.json', { version: '1.2.3' })
    renameSync(scene.stateFolder, join(scene.home, '.claude', 'channels', 'builder'))
    const named = await scene.ask('builder')
    expect(named.checks.filter(({ verdict }) => verdict !== 'ok')).toMatchObject([
      { name: 'receiver', remedy: 'Run ./molecule join builder --start' },
    ])
    const unnamed = await scene.ask()
    expect(unnamed.checks.find(({ name }) => name === 'settings')?.remedy).toBe(
      'Run ./molecule doctor builder',
    )
    const unknown = await scene.ask('reviewer')
    expect(unknown.checks.find(({ name }) => name === 'settings')?.remedy).toBe(
      'Run ./molecule join reviewer',
    )
  })

  test('refuses what it does not know', async () => {
    using scene = new DoctorScene(platform)
    expect(await scene.read('--jsn')).toStartWith('doctor takes no --jsn.')
    expect(await scene.read('one', 'two')).toStartWith('doctor takes no two.')
  })

  test('sends no token to what is no platform', async () => {
    using scene = new DoctorScene(platform)
    const tokens: (string | null)[] = []
    const stranger = async (_: unknown, init?: RequestInit): Promise<Response> => {
      tokens.push(new Headers(init?.headers).get('Authorization'))
      return new Response('<html>It works!</html>')
    }
    scene.network = Object.assign(stranger, { preconnect: () => {} })
    const { exitCode } = await scene.ask()
    expect([exitCode, tokens]).toEqual([1, [null]])
  })
})
