/** Each way in which a set-up is broken: the first check that is not in order is the cause, with one remedy. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { MountedFolder, mayMount } from '../../../lab/driver/mounted-folder.ts'
import type { RunningPlatform } from '../../../platform/platform.ts'
import { DoctorScene, doctorPlatform } from '../../fixtures/doctor-scene.ts'

let platform: RunningPlatform
let otherServer: Bun.Server<undefined>

beforeAll(async () => {
  platform = await doctorPlatform()
  otherServer = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    reusePort: false,
    fetch: () => new Response('<html>It works!</html>', { headers: { 'Content-Type': 'text/html' } }),
  })
})
afterAll(async () => {
  await platform.stop()
  await otherServer.stop(true)
})

interface BrokenSetUp {
  readonly title: string
  readonly breakIt: (scene: DoctorScene) => void
  /** The check that finds the cause, what it says, and its remedy. */
  readonly cause: readonly [name: string, says: string, remedy: string]
  /** What cannot be known before it is mended. */
  readonly skipped?: readonly string[]
  /** Messages arrive, but not as meant. */
  readonly isWarning?: true
}

const BEHIND_PLATFORM = ['clock', 'port', 'workspace', 'token']

const SET_UPS: readonly BrokenSetUp[] = [
  {
    title: 'no Bun on the PATH of Claude Code',
    breakIt: (scene) => scene.install({ bun: undefined }),
    cause: ['bun', 'there is no bun on the PATH', 'Run npm i -g bun'],
  },
  {
    title: 'a Bun that is too old',
    breakIt: (scene) => scene.install({ bun: { path: '/old/bun', version: '1.1.0' } }),
    cause: ['bun', '/old/bun is Bun 1.1.0, and the plugin needs 1.4.3', 'Run bun upgrade'],
  },
  {
    title: 'no Claude Code',
    breakIt: (scene) => scene.install({ claude: undefined }),
    cause: ['claude', 'there is no claude on the PATH', 'Install Claude Code'],
    skipped: ['plugin'],
  },
  {
    title: 'a Claude Code that is too old',
    breakIt: (scene) => scene.install({ claude: { path: '/old/claude', version: '2.1.99' } }),
    cause: ['claude', '/old/claude is 2.1.99', 'Run claude update'],
    skipped: ['plugin'],
  },
  {
    title: 'a plugin that is not installed',
    breakIt: (scene) => scene.writeJson('home/.claude/plugins/installed_plugins.json', { plugins: {} }),
    cause: ['plugin', 'has not installed the plugin', 'claude plugin install molecule@molecule-channel'],
  },
  {
    title: 'a plugin that is switched off',
    breakIt: (scene) =>
      scene.writeJson('home/.claude/settings.json', {
        enabledPlugins: { 'molecule@molecule-channel': false },
      }),
    cause: ['plugin', 'installed and not enabled', 'Run claude plugin enable molecule@molecule-channel'],
  },
  {
    title: 'a clone that has moved',
    breakIt: ({ folder }) => renameSync(join(folder, 'clone'), join(folder, 'moved')),
    cause: ['plugin', 'is gone: the clone has moved', 'Run claude plugin marketplace add "'],
  },
  {
    title: 'another version than this clone',
    breakIt: (scene) => scene.writeJson('clone/.claude-plugin/plugin.json', { version: '1.0.0' }),
    cause: ['plugin', 'Claude Code has version 1.0.0', 'claude plugin update molecule@molecule-channel'],
    isWarning: true,
  },
  {
    title: 'telemetry switched off in the shell',
    breakIt: (scene) => scene.set({ DISABLE_TELEMETRY: '1' }),
    cause: ['channels', 'while DISABLE_TELEMETRY is set (in the environment)', 'or unset DISABLE_TELEMETRY'],
    isWarning: true,
  },
  {
    title: "another provider in Claude Code's settings",
    breakIt: (scene) =>
      scene.writeJson('project/.claude/settings.json', { env: { CLAUDE_CODE_USE_BEDROCK: '1' } }),
    cause: ['channels', 'while CLAUDE_CODE_USE_BEDROCK is set (in the env of ', 'Type /molecule:receive'],
    isWarning: true,
  },
  {
    title: 'managed settings without channels',
    breakIt: (scene) => scene.writeJson('managed-settings.json', { permissions: {} }),
    cause: ['channels', 'do not enable channels', 'have its administrator set "channelsEnabled": true'],
    isWarning: true,
  },
  {
    title: 'a channel that is off',
    breakIt: (scene) => scene.configure({ MOLECULE_CHANNEL: 'off' }),
    cause: ['channels', 'MOLECULE_CHANNEL is off', 'Set MOLECULE_CHANNEL to auto'],
  },
  {
    title: 'a state folder where nothing can be written',
    breakIt: (scene) => scene.set({ ...scene.settings, MOLECULE_STATE_DIR: '/proc/nothing/state' }),
    cause: [
      'state folder',
      '/proc/nothing/state cannot be written',
      'Make it writable, or name another folder',
    ],
    skipped: ['receiver'],
  },
  {
    title: 'a link in place of the lock folder',
    breakIt: ({ stateFolder }) => symlinkSync('/tmp', join(stateFolder, 'locks')),
    cause: ['state folder', 'locks is a link, or not a folder', 'Remove it'],
    skipped: ['receiver'],
  },
  {
    title: 'no settings at all',
    breakIt: ({ stateFolder }) => rmSync(join(stateFolder, '.env')),
    cause: [
      'settings',
      'No workspace is configured',
      'Run /molecule:configure, or set MOLECULE_WORKSPACE_IDS',
    ],
    skipped: ['one folder', 'platform', 'workspace', 'token', 'receiver'],
  },
  {
    title: 'a placeholder in place of the token',
    breakIt: (scene) => scene.configure({ MOLECULE_WORKSPACE_TOKENS: '<your-token>' }),
    cause: ['settings', 'must be a token, not a placeholder', 'Paste the token of the workspace'],
    skipped: ['one folder', 'platform', 'workspace', 'token', 'receiver'],
  },
  {
    title: 'the blocks of two workspaces in one file',
    breakIt: (scene) => {
      const second = platform.createTeam()[1]
      const ids = `MOLECULE_WORKSPACE_IDS="${second?.id}"\nMOLECULE_WORKSPACE_TOKENS="${second?.token}"\n`
      scene.write('home/.claude/channels/molecule/.env', `${scene.block}${ids}`)
    },
    cause: ['without effect', 'more than once, and the last line counts', 'Keep one line for each'],
    isWarning: true,
  },
  {
    title: 'a token in the environment over the right one in the file',
    breakIt: (scene) => scene.set({ MOLECULE_WORKSPACE_TOKENS: 'an-old-token' }),
    cause: ['token', 'refuses the token of workspace', 'Unset MOLECULE_WORKSPACE_TOKENS, which overrides'],
  },
  {
    title: "a token in Claude Code's settings over the right one in the file",
    breakIt: (scene) =>
      scene.writeJson('project/.claude/settings.json', {
        env: { MOLECULE_WORKSPACE_TOKENS: 'an-old-token' },
      }),
    cause: ['token', 'refuses the token of workspace', 'Remove MOLECULE_WORKSPACE_TOKENS from /'],
  },
  {
    title: 'a wrong token',
    breakIt: (scene) => scene.configure({ MOLECULE_WORKSPACE_TOKENS: 'an-old-token' }),
    cause: ['token', 'refuses the token of workspace', 'Create a new one on the platform'],
  },
  {
    title: 'a workspace that was removed',
    breakIt: ({ member }) => platform.setStatus(member.id, 'removed'),
    cause: ['workspace', 'was deleted on the platform', ' a new '],
    skipped: ['token'],
  },
  {
    title: 'a workspace that the platform does not know',
    breakIt: (scene) => scene.configure({ MOLECULE_WORKSPACE_IDS: crypto.randomUUID() }),
    cause: ['workspace', ' has no workspace ', "Check the id against the platform's list"],
    skipped: ['token'],
  },
  {
    title: 'a workspace that is paused',
    breakIt: ({ member }) => platform.setStatus(member.id, 'paused'),
    cause: ['workspace', 'is paused on the platform', 'Resume it on the platform'],
    skipped: ['token'],
  },
  {
    title: 'a platform that does not run',
    breakIt: (scene) => scene.configure({ MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1' }),
    cause: ['platform', 'http://127.0.0.1:1 cannot be reached: nothing listens there', 'Start the platform'],
    skipped: BEHIND_PLATFORM,
  },
  {
    title: 'an address in the environment over the right one in the file',
    breakIt: (scene) => scene.set({ MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1' }),
    cause: ['platform', 'cannot be reached', 'correct the port in MOLECULE_PLATFORM_URL of the environment'],
    skipped: BEHIND_PLATFORM,
  },
  {
    title: 'an address with a path behind it',
    breakIt: (scene) => scene.configure({ MOLECULE_PLATFORM_URL: `${platform.url}/chat` }),
    cause: [
      'platform',
      'the platform is at http://127.0.0.1:',
      'Set MOLECULE_PLATFORM_URL to http://127.0.0.1:',
    ],
    skipped: BEHIND_PLATFORM,
  },
  {
    title: 'another web server at the address',
    breakIt: (scene) => scene.configure({ MOLECULE_PLATFORM_URL: otherServer.url.origin }),
    cause: ['platform', 'is another web server, and no Molecule platform', 'Correct the address or the port'],
    skipped: BEHIND_PLATFORM,
  },
  {
    title: 'a host that is misspelled',
    breakIt: (scene) => scene.configure({ MOLECULE_PLATFORM_URL: 'https://platform.invalid' }),
    cause: ['platform', 'https://platform.invalid cannot be reached: ', 'MOLECULE_PLATFORM_URL'],
    skipped: ['clock', 'workspace', 'token'],
  },
  {
    title: 'a proxy that does not run',
    breakIt: (scene) => {
      scene.configure({ MOLECULE_PLATFORM_URL: 'https://platform.invalid' })
      scene.set({ HTTPS_PROXY: 'http://user:secret@127.0.0.1:1' })
    },
    cause: [
      'proxy',
      'the proxy http://127.0.0.1:1 of HTTPS_PROXY cannot be reached',
      'Correct or unset HTTPS_PROXY, or list platform.invalid in NO_PROXY',
    ],
    skipped: ['platform', 'clock', 'workspace', 'token'],
  },
  {
    title: 'a clock that is wrong',
    breakIt: (scene) => {
      const late = { Date: new Date(Date.now() + 600_000).toUTCString() }
      const send = async (url: unknown, init?: RequestInit): Promise<Response> =>
        String(url).endsWith('/health')
          ? Response.json({ status: 'ok' }, { headers: late })
          : fetch(String(url), init)
      scene.network = Object.assign(send, { preconnect: () => {} })
    },
    cause: ['clock', 's behind the platform', 'Set the clock'],
    isWarning: true,
  },
  {
    title: 'the same workspace in a second folder, where a session receives',
    breakIt: (scene) => {
      scene.write('home/.claude/channels/second/.env', scene.block)
      scene.hold(join(scene.home, '.claude', 'channels', 'second'))
    },
    cause: ['one folder', 'both folders get every message', 'Use one of the two folders'],
  },
  {
    title: 'a receiver that is stopped',
    breakIt: (scene) => {
      scene.stoppedOf = () => 'plugin'
      scene.hold(scene.stateFolder)
    },
    cause: ['receiver', 'is stopped (Ctrl-Z), so messages wait', 'Run fg in its terminal, or end it'],
  },
]

describe('doctor', () => {
  for (const { title, breakIt, cause, skipped = [], isWarning } of SET_UPS) {
    test(`names the cause first, with one remedy: ${title}`, async () => {
      using scene = new DoctorScene(platform)
      breakIt(scene)
      const { checks, exitCode, text, ok } = await scene.ask()
      const [first] = checks.filter(({ verdict }) => verdict === (isWarning ? 'warn' : 'fail'))
      const [name, says, remedy] = cause
      expect(first).toMatchObject({
        name,
        says: expect.stringContaining(says),
        remedy: expect.stringContaining(remedy),
      })
      const unknown = checks.filter(({ verdict }) => verdict === 'skip')
      expect(unknown.map((one) => one.name)).toEqual([...skipped])
      expect(checks.filter(({ verdict }) => verdict === 'fail')).toHaveLength(isWarning ? 0 : 1)
      expect([exitCode, ok]).toEqual(isWarning ? [0, true] : [1, false])
      expect(text).not.toContain(scene.member.token)
      expect(text).not.toContain('secret')
    })
  }

  test.skipIf(!mayMount())('names a full disk, and one that is read-only', async () => {
    using scene = new DoctorScene(platform)
    rmSync(scene.stateFolder, { recursive: true })
    using disk = new MountedFolder(scene.stateFolder, 128 * 1024)
    scene.configure()
    scene.write('home/.claude/channels/molecule/filler', 'x'.repeat(100 * 1024))
    const failure = async () => (await scene.ask()).checks.find(({ verdict }) => verdict === 'fail')
    const remedy = 'Make room on that disk: until then, no message is shown'
    expect(await failure()).toMatchObject({ name: 'state folder', remedy })
    disk.setReadOnly(true)
    expect(await failure()).toMatchObject({ name: 'state folder' })
  })
})
