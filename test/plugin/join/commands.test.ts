/** `./molecule join`, `token` and `invite-code`, against a platform in this process. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { random } from '../../../lab/driver/marked-secrets.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { writeOperatorFile } from '../../../platform/operator-file.ts'
import { type RunningPlatform, startPlatform } from '../../../platform/platform.ts'
import { runCommand, type World } from '../../../plugin/join/commands.ts'

setDefaultTimeout(60_000)

class Desk implements AsyncDisposable {
  readonly platform: RunningPlatform
  readonly folder: TemporaryFolder
  readonly ran: { readonly words: readonly string[]; readonly stateDir: string | undefined }[] = []

  private constructor(platform: RunningPlatform, folder: TemporaryFolder) {
    this.platform = platform
    this.folder = folder
  }

  static async open(): Promise<Desk> {
    const operatorKey = Buffer.from(random(32)).toString('base64url')
    const desk = new Desk(await startPlatform({ random, operatorKey }), temporaryFolder())
    desk.platform.createTeam()
    writeOperatorFile(desk.folder.file('platform.db'), { url: desk.platform.url, key: operatorKey })
    return desk
  }

  /** What was printed, complaints included, and the exit code. */
  async run(words: readonly string[], more: Partial<World> = {}): Promise<readonly [number, string]> {
    const lines: string[] = []
    const [command = '', ...rest] = words
    const end = rest.indexOf('--')
    const place = ['--db', this.folder.file('platform.db')]
    const exitCode = await runCommand({
      argv: [
        command,
        ...(end === -1 ? [...rest, ...place] : [...rest.slice(0, end), ...place, ...rest.slice(end)]),
      ],
      environment: {},
      home: this.folder.path,
      pluginFolder: '/the clone/dist/plugin',
      network: fetch,
      clock: systemClock,
      print: (text) => void lines.push(text),
      complain: (text) => void lines.push(text),
      run: async (command, { MOLECULE_STATE_DIR }) => {
        this.ran.push({ words: command, stateDir: MOLECULE_STATE_DIR })
        return 7
      },
      ...more,
    })
    return [exitCode, lines.join('\n')]
  }

  stateDir(name: string): string {
    return this.folder.file(join('.claude', 'channels', name))
  }

  settings(name: string): Readonly<Record<string, string>> {
    const text = readFileSync(join(this.stateDir(name), '.env'), 'utf8')
    return Object.fromEntries(
      [...text.matchAll(/^(\w+)="(.*)"$/gm)].map(([, key = '', value = '']) => [key, value]),
    )
  }

  async status(name: string): Promise<number> {
    const { MOLECULE_WORKSPACE_IDS: id, MOLECULE_WORKSPACE_TOKENS: token } = this.settings(name)
    const headers = { Authorization: `Bearer ${token}` }
    return (await fetch(`${this.platform.url}/workspaces/${id}/activity`, { headers })).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop()
    this.folder[Symbol.dispose]()
  }
}

describe('join', () => {
  test('makes a missing workspace, and gives its session settings of mode 0600 that work, without showing the token', async () => {
    await using desk = await Desk.open()
    const [exitCode, said] = await desk.run(['join', 'tester'])
    expect([exitCode, said]).toEqual([0, expect.stringContaining('was created')])
    const { MOLECULE_WORKSPACE_TOKENS: token = '-', MOLECULE_WORKSPACE_IDS: id } = desk.settings('tester')
    expect(said).not.toContain(token)
    expect(said).toContain(
      `MOLECULE_STATE_DIR=${desk.stateDir('tester')} claude --plugin-dir '/the clone/dist/plugin'`,
    )
    expect(desk.settings('tester').MOLECULE_CHANNEL).toBe('doorbell')
    expect(statSync(join(desk.stateDir('tester'), '.env')).mode & 0o777).toBe(0o600)
    expect(statSync(desk.stateDir('tester')).mode & 0o777).toBe(0o700)
    expect(await desk.status('tester')).toBe(200)
    // Below the lead, so that the team may talk to it.
    const lead = desk.platform.members().find(({ name }) => name === 'lead')
    const peers = await fetch(`${desk.platform.url}/registry/${id}/peers`, {
      headers: { Authorization: `Bearer ${token}`, 'X-Workspace-ID': id ?? '' },
    })
    expect([peers.status, await peers.text()]).toEqual([200, expect.stringContaining(lead?.id ?? '-')])
  })

  test('takes the workspace that has the name, and a second call changes nothing', async () => {
    await using desk = await Desk.open()
    expect((await desk.run(['join', 'builder']))[1]).toContain('is ready')
    const before = desk.settings('builder')
    const builder = desk.platform.members().find(({ name }) => name === 'builder')
    expect(before.MOLECULE_WORKSPACE_IDS).toBe(builder?.id)
    expect((await desk.run(['join', 'builder']))[1]).toContain('was ready')
    expect(desk.settings('builder')).toEqual(before)
    expect(desk.platform.members()).toHaveLength(3)
  })

  test('replaces a token that the platform no longer takes, and the address after a move, and keeps other lines', async () => {
    await using desk = await Desk.open()
    await desk.run(['join', 'builder'])
    const file = join(desk.stateDir('builder'), '.env')
    const old = readFileSync(file, 'utf8')
    const { MOLECULE_WORKSPACE_TOKENS: token = '' } = desk.settings('builder')
    writeFileSync(
      file,
      `# mine\n${old.replace(token, 'q'.repeat(43))}MOLECULE_LOG_LEVEL=debug\nMOLECULE_CHANNEL=auto\n`,
    )
    expect((await desk.run(['join', 'builder']))[0]).toBe(0)
    expect(await desk.status('builder')).toBe(200)
    expect(readFileSync(file, 'utf8')).toMatch(
      /^# mine\nMOLECULE_PLATFORM_URL=[\s\S]*\nMOLECULE_LOG_LEVEL=debug\nMOLECULE_CHANNEL=auto\n$/,
    )
    writeFileSync(file, old.replace(desk.platform.url, 'http://127.0.0.1:1'))
    expect((await desk.run(['join', 'builder']))[0]).toBe(0)
    expect(desk.settings('builder').MOLECULE_PLATFORM_URL).toBe(desk.platform.url)
  })

  test('leaves a folder alone that belongs to another platform, another agent or several workspaces', async () => {
    await using desk = await Desk.open()
    await using other = await Desk.open()
    await desk.run(['join', 'builder'])
    const file = join(desk.stateDir('builder'), '.env')
    const own = readFileSync(file, 'utf8')
    const id = desk.settings('builder').MOLECULE_WORKSPACE_IDS ?? ''
    const foreign = other.platform.members()[0]?.id ?? ''
    const lead = desk.platform.members().find(({ name }) => name === 'lead')?.id ?? ''
    for (const [text, sentence] of [
      [own.replace(id, foreign), 'which this platform does not have'],
      [own.replace(id, lead), 'belongs to the workspace "lead"'],
      [own.replace(id, `${id},${lead}`).replace(/TOKENS="(.*)"/, 'TOKENS="$1,$1"'), 'names 2 workspaces'],
      ['MOLECULE_WORKSPACES_JSON=[]\n', 'sets MOLECULE_WORKSPACES_JSON'],
      [own.replace(id, 'nonsense'), 'must be a UUID'],
    ] as const) {
      writeFileSync(file, text)
      const [exitCode, said] = await desk.run(['join', 'builder'])
      expect([exitCode, said]).toEqual([1, expect.stringContaining(sentence)])
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
  })

  test('with --start runs the command that it prints, passes on what follows --, and ends as that does', async () => {
    await using desk = await Desk.open()
    const [exitCode] = await desk.run(['join', 'lead', '--start', '--', '--model', 'a b'])
    expect(exitCode).toBe(7)
    const [{ words, stateDir } = { words: [], stateDir: '' }] = desk.ran
    expect(stateDir).toBe(desk.stateDir('lead'))
    expect([words[0], words.at(-2), words.at(-1)]).toEqual(['claude', '--model', 'a b'])
    expect(words.filter((word) => word.startsWith('--allowedTools'))).toEqual([])
    const [, printed] = await desk.run(['join', 'lead', '--answer'])
    expect(printed).toMatch(
      / --allowedTools=mcp__plugin_molecule_molecule__read_messages,\w+__reply_to_workspace$/,
    )
    const [missing, said] = await desk.run(['join', 'lead', '--start'], { run: async () => undefined })
    expect([missing, said]).toEqual([1, expect.stringContaining('Claude Code is not on the PATH')])
  })

  test('says which variables would override what it wrote', async () => {
    await using desk = await Desk.open()
    const [, said] = await desk.run(['join', 'lead'], { environment: { MOLECULE_WORKSPACE_IDS: 'x' } })
    expect(said).toContain('The environment sets MOLECULE_WORKSPACE_IDS')
  })
})

test('without a running platform, or with a stranger in its place, the sentence says to start one', async () => {
  await using desk = await Desk.open()
  const db = desk.folder.file('none.db')
  const started = 'Start one with ./molecule platform'
  const run = (argv: readonly string[]) => desk.run([], { argv })
  expect(await run(['join', 'lead', '--db', db])).toEqual([1, expect.stringContaining(started)])
  // A file that a crash left behind: the port is free, or another program's.
  writeOperatorFile(db, { url: 'http://127.0.0.1:1', key: 'k'.repeat(43) })
  expect(await run(['join', 'lead', '--db', db])).toEqual([1, expect.stringContaining(started)])
  writeOperatorFile(db, { url: desk.platform.url, key: 'k'.repeat(43) })
  const [exitCode, said] = await run(['join', 'lead', '--db', db])
  expect([exitCode, said]).toEqual([1, expect.stringContaining('Another program answers')])
  expect(said).not.toContain('k'.repeat(43))
  writeOperatorFile(db, { url: 'http://192.0.2.1:8080', key: 'k'.repeat(43) })
  expect(await run(['join', 'lead', '--db', db])).toEqual([1, expect.stringContaining('must use https://')])
  writeFileSync(`${db}-operator`, '{"url":"http://127.0.0.1:1","key":"two words"}')
  expect(await run(['join', 'lead', '--db', db])).toEqual([1, expect.stringContaining('it is damaged')])
})

test('a wrong command line is refused with 2 and what to write, before anything is asked', async () => {
  await using desk = await Desk.open()
  for (const [argv, sentence] of [
    [['join'], 'Give one name, such as: ./molecule join reviewer'],
    [['join', 'a', 'b'], 'Give one name'],
    [['join', 'a b'], 'The name is "a b", but must consist of'],
    [['join', '../up'], 'must consist of'],
    [['join', 'a', '--file', 'x'], 'See ./molecule join --help.'],
    [['join', 'a', '--', '-p'], 'add --start'],
    [['token', 'a', '--start'], 'See ./molecule token --help.'],
  ] as const) {
    expect(await desk.run([], { argv })).toEqual([2, expect.stringContaining(sentence)])
  }
  expect(await desk.run([], { argv: ['invite-code', '--help'] })).toEqual([
    0,
    expect.stringContaining('Usage:'),
  ])
})

test('token prints a block that works, or writes the token alone into a new file of mode 0600', async () => {
  await using desk = await Desk.open()
  const [exitCode, block] = await desk.run(['token', 'reviewer'])
  expect(exitCode).toBe(0)
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? ''
  const activity = async (token: string) => {
    const url = `${desk.platform.url}/workspaces/${setting('MOLECULE_WORKSPACE_IDS')}/activity`
    return (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status
  }
  expect(await activity(setting('MOLECULE_WORKSPACE_TOKENS'))).toBe(200)
  const file = desk.folder.file('token.txt')
  const [, said] = await desk.run(['token', 'reviewer', '--file', file])
  const token = readFileSync(file, 'utf8').trim()
  expect([said.includes(token), statSync(file).mode & 0o777, await activity(token)]).toEqual([
    false,
    0o600,
    200,
  ])
  expect(await desk.run(['token', 'reviewer', '--file', file])).toEqual([
    1,
    expect.stringContaining('exists already'),
  ])
})

test('invite-code prints what to type elsewhere, for an address that is safe for a token', async () => {
  await using desk = await Desk.open()
  const [exitCode, said] = await desk.run(['invite-code', 'newcomer'])
  expect([exitCode, said]).toEqual([0, expect.stringContaining(`/molecule:configure ${desk.platform.url}#`)])
  expect(said).toContain('for another one, add --url')
  expect(desk.platform.members().map(({ name }) => name)).toContain('newcomer')
  const [, elsewhere] = await desk.run(['invite-code', 'newcomer', '--url', 'https://team.example.com/'])
  expect(elsewhere).toMatch(/\/molecule:configure https:\/\/team\.example\.com#\w{4}-\w{4}-\w{4}$/m)
  const plain = await desk.run(['invite-code', 'newcomer', '--url', 'http://team.example.com'])
  expect(plain).toEqual([1, expect.stringContaining('--url must use https://')])
})
