import { describe, expect, test } from 'bun:test'
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { until } from '../../lab/driver/until.ts'
import { readReport } from '../../runner/report.ts'
import { RunnerScene } from '../fixtures/runner-scene.ts'

const reportSchema = z.object({
  checks: z.array(z.object({ name: z.string(), verdict: z.string(), says: z.string().optional() })),
})
const MOCK = ['--backend', 'mock']
/** The id of the newest row in the feed of the served workspace. */
async function newestRow({ platform, member }: RunnerScene): Promise<string> {
  const response = await fetch(`${platform.url}/workspaces/${member.id}/activity?limit=1`, {
    headers: { Authorization: `Bearer ${member.token}` },
  })
  const [row] = z.array(z.object({ id: z.string() })).parse(await response.json())
  return row?.id ?? ''
}

async function newToken({ platform, member }: RunnerScene): Promise<string> {
  const response = await fetch(`${platform.url}/workspaces/${member.id}/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${member.token}` },
  })
  return z.object({ auth_token: z.string() }).parse(await response.json()).auth_token
}

const exec = (cmd: string): readonly string[] => ['--backend', 'exec', '--backend-opt', `cmd=${cmd}`]

describe.concurrent('molecule connect', () => {
  test('status tells of a folder that nothing has used, and of a runner that serves it', async () => {
    await using scene = await RunnerScene.open()
    const early = scene.start(['status'])
    expect(await early.exit).toBe(1)
    expect(early.complaints.join()).toContain('is empty: no session and no molecule connect has used it')
    expect(existsSync(scene.path('state'))).toBe(false)

    const runner = scene.start(MOCK)
    const report = await until('its report', async () => {
      const one = scene.start(['status'])
      await one.exit
      const text = one.printed.join()
      return text.includes('answered by mock') ? text : undefined
    })
    expect(report).toContain(`workspace ${scene.member.id} at ${scene.platform.url}`)
    expect(report).toContain('held here')
    expect(report).not.toContain(scene.member.token)
    expect(statSync(scene.path('state', 'locks', `${scene.member.id}.report`)).mode & 0o777).toBe(0o600)
    const later = scene.start(['status'], scene.settings(), () => 'plugin')
    await later.exit
    expect(later.printed.join()).toContain('that process is stopped (Ctrl-Z)')
    expect(readReport(scene.path('state', 'locks'), scene.member.id, process.pid + 1)).toBeUndefined()
    // It is written again within five seconds: status may come before that.
    rmSync(scene.path('state', 'locks', `${scene.member.id}.report`))
    const between = scene.start(['status'])
    await between.exit
    expect(between.printed.join()).toMatch(/answered by (molecule connect, which has not said more|mock)/)
    runner.stop('SIGTERM')
    await runner.exit
    const late = scene.start(['status'])
    await late.exit
    expect(late.printed.join()).toContain('answered by nothing: no molecule connect serves it')
  })

  test('says once why it ends, or what it waits for', async () => {
    await using scene = await RunnerScene.open()
    const nowhere = scene.start(MOCK, scene.settings({ MOLECULE_STATE_DIR: '/proc/nothing/state' }))
    expect(await nowhere.exit).toBe(1)
    expect(nowhere.complaints).toEqual([
      expect.stringContaining('the state folder /proc/nothing/state cannot be used: '),
      expect.stringContaining('repair this one, or name another with --state-dir'),
    ])

    const first = scene.start(MOCK, scene.settings({ MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }))
    await scene.peer.write(scene.member.id, 'hello')
    await scene.answers(1)
    const second = scene.start(MOCK)
    expect(await second.exit).toBe(1)
    expect(second.complaints).toEqual([expect.stringContaining('is held by pid')])
    const third = scene.start([...MOCK, '--wait'], scene.settings({ MOLECULE_LOG_LEVEL: 'info' }))
    await until('what it waits for', () => third.complaints.join().includes('waits until that one ends'))
    scene.platform.setStatus(scene.member.id, 'removed')
    expect(await first.exit).toBe(3)
    expect(first.complaints.at(-1)).toContain('is given up: Workspace ')
  }, 300_000)

  test('says at its start that a workspace is paused', async () => {
    await using scene = await RunnerScene.open()
    scene.platform.setStatus(scene.member.id, 'paused')
    const running = scene.start(MOCK, scene.settings({ MOLECULE_LOG_LEVEL: 'warn' }))
    await until('the warning', () => running.complaints.join().includes('is paused on the platform'))
  })

  test('ends at a signal that comes before anything runs that it could stop', async () => {
    await using scene = await RunnerScene.open()
    const early = scene.start(MOCK)
    early.stop('SIGTERM')
    expect(await early.exit).toBe(0)
    expect(existsSync(scene.path('state'))).toBe(false)

    const nowhere = { MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1', MOLECULE_LOG_LEVEL: 'info' }
    const registering = scene.start(MOCK, scene.settings(nowhere))
    await until('a first attempt', () =>
      registering.complaints.join().includes('cannot register (attempt 1)'),
    )
    registering.stop('SIGTERM')
    expect(await registering.exit).toBe(0)
    expect(registering.complaints.join()).toContain('ended by SIGTERM')
    expect(registering.complaints.join()).not.toContain('serves 1 workspace')
  })

  test('--once ends with 1 when a message could not be answered: cron must notice', async () => {
    await using scene = await RunnerScene.open()
    await scene.peer.write(scene.member.id, 'hard')
    const runner = scene.start([...exec('exit 3'), '--once'])
    expect(await runner.exit).toBe(1)
    expect(runner.complaints.join()).toContain('nothing more waits, and 1 message could not be answered')
  }, 300_000)

  test('retry gives the backend again what was set aside, marked as a possible repeat', async () => {
    await using scene = await RunnerScene.open()
    await scene.peer.write(scene.member.id, 'hard')
    const mended = scene.path('mended')
    const runner = scene.start(exec(`[ -e ${mended} ] && echo "now $MOLECULE_REDELIVERED"`))
    const [refusal] = await scene.answers(1)
    expect(refusal).toContain('could not be answered')
    writeFileSync(mended, '')
    const retried = scene.start(['retry'])
    expect(await retried.exit).toBe(0)
    expect(retried.printed.join()).toContain('1 message to be answered again')
    expect((await scene.answers(2))[1]).toBe('now true')
    runner.stop('SIGTERM')
    await runner.exit
    const again = scene.start(['retry'])
    await again.exit
    expect(again.printed.join()).toContain('0 messages to be answered again')
  }, 300_000)

  test('doctor checks what serving needs, changes nothing, and says what to do', async () => {
    await using scene = await RunnerScene.open()
    const ask = async (argv: readonly string[], settings = scene.settings()) => {
      const running = scene.start(['doctor', ...argv], settings)
      const exitCode = await running.exit
      const { checks } = reportSchema.parse(JSON.parse(running.printed.join('\n')))
      return { exitCode, checks, cause: checks.find(({ verdict }) => verdict === 'fail') }
    }
    const well = await ask(MOCK)
    expect(well.checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(well.exitCode).toBe(0)
    expect(existsSync(scene.path('state'))).toBe(false)

    for (const [more, name, says] of [
      [{ MOLECULE_WORKSPACE_TOKENS: 'another-token' }, 'token', 'refuses the token'],
      [{ MOLECULE_WORKSPACE_IDS: crypto.randomUUID() }, 'workspace', 'has no workspace'],
      [{ MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1' }, 'platform', 'cannot be reached'],
      [{ MOLECULE_WORKSPACE_IDS: '' }, 'settings', 'is not set'],
      [{ MOLECULE_STATE_DIR: '/proc/nothing/state' }, 'state folder', 'cannot be written'],
    ] as const) {
      const { exitCode, cause } = await ask(MOCK, scene.settings(more))
      expect(exitCode).toBe(1)
      expect(cause).toMatchObject({ name, says: expect.stringContaining(says) })
    }
    const { exitCode, cause } = await ask(['--backend', 'exec'])
    expect(exitCode).toBe(1)
    expect(cause).toMatchObject({
      name: 'backend',
      says: 'The backend exec needs --backend-opt cmd=VALUE.',
    })
  }, 300_000)

  test('import-state goes on after the row of the file, and answers nothing before it', async () => {
    await using scene = await RunnerScene.open()
    for (const text of ['old', 'last']) await scene.peer.write(scene.member.id, text)
    const id = await newestRow(scene)
    const file = scene.path('cursor.json')
    writeFileSync(file, JSON.stringify({ workspace_id: scene.member.id, last_since_id: id }))
    writeFileSync(scene.path('token'), scene.member.token)
    const bare = scene.settings({ MOLECULE_WORKSPACE_IDS: '', MOLECULE_WORKSPACE_TOKENS: '' })
    const imported = scene.start(['import-state', file, '--token-file', scene.path('token')], bare)
    expect(await imported.exit).toBe(0)
    expect(imported.printed.join()).toContain(`goes on after row ${id}`)
    await scene.peer.write(scene.member.id, 'new')
    scene.start(MOCK)
    expect(await scene.answers(1)).toEqual(['echo: new'])

    const again = scene.start(['import-state', file])
    expect(await again.exit).toBe(1)
    expect(again.complaints.join()).toContain('is served now: end that program first')
  }, 300_000)

  test('import-state says when the platform does not have the row', async () => {
    await using scene = await RunnerScene.open()
    const file = scene.path('cursor.json')
    writeFileSync(file, JSON.stringify({ workspace_id: scene.member.id, last_since_id: crypto.randomUUID() }))
    const imported = scene.start(['import-state', file])
    expect(await imported.exit).toBe(1)
    expect(imported.complaints.join()).toContain('no longer has the row')
  })

  test('a token that is replaced in its file is taken up without a restart by hand', async () => {
    await using scene = await RunnerScene.open()
    const file = scene.path('token')
    writeFileSync(file, scene.member.token, { mode: 0o600 })
    const bare = scene.settings({
      MOLECULE_WORKSPACE_IDS: '',
      MOLECULE_WORKSPACE_TOKENS: '',
      MOLECULE_LOG_LEVEL: 'info',
      NOTIFY_SOCKET: '/run/notify',
    })
    const runner = scene.start([scene.member.id, '--token-file', file, ...MOCK], bare)
    await scene.peer.write(scene.member.id, 'before')
    await scene.answers(1)
    const token = await newToken(scene)
    // Half of it is no reason to stop.
    writeFileSync(file, 'two words')
    await scene.peer.write(scene.member.id, 'meanwhile')
    await scene.answers(2)
    // Nor is a pipe to which nobody writes.
    rmSync(file)
    Bun.spawnSync(['mkfifo', file])
    await scene.peer.write(scene.member.id, 'beside a pipe')
    await scene.answers(3)
    rmSync(file)
    writeFileSync(file, token)
    await until('a new start', () => runner.complaints.join().includes('begins again'))
    await scene.peer.write(scene.member.id, 'after')
    expect(await scene.answers(4)).toEqual([
      'echo: before',
      'echo: meanwhile',
      'echo: beside a pipe',
      'echo: after',
    ])
    runner.stop('SIGTERM')
    expect(await runner.exit).toBe(0)
    // A service manager that was told of a stop would end what begins again.
    expect(scene.runs.map(([, state]) => state)).toEqual(['READY=1', 'READY=1', 'STOPPING=1'])
  }, 300_000)
})
