import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isGroup } from '../../lab/driver/processes.ts'
import { until } from '../../lab/driver/until.ts'
import { RunnerScene } from '../fixtures/runner-scene.ts'

setDefaultTimeout(300_000)

const exec = (cmd: string, ...options: readonly string[]): readonly string[] => [
  '--backend',
  'exec',
  ...[`cmd=${cmd}`, ...options].flatMap((option) => ['--backend-opt', option]),
]

describe.concurrent('a command', () => {
  test('that cannot answer a message has it set aside, its sender is told, and the next one is taken up', async () => {
    await using scene = await RunnerScene.open()
    await scene.peer.write(scene.member.id, 'poison')
    await scene.peer.write(scene.member.id, 'water')
    const runner = scene.start(
      exec('read -r text; if [ "$text" = poison ]; then echo no >&2; exit 3; fi; echo "$text"'),
      scene.settings({ MOLECULE_LOG_LEVEL: 'info' }),
    )
    const [refusal, answer] = await scene.answers(2)
    expect(refusal).toContain('could not be answered')
    expect(answer).toBe('water')
    const log = runner.complaints.join('\n')
    expect(log).toContain('(try 3): It ended with exit code 3. Its last words: no')
    expect(log).toContain('aside: It ended with exit code 3.')
  })

  test.each([
    ['writes without an end', 'yes', '5m', 'It wrote more than 1048576 bytes'],
    ['never ends, nor what it started', 'sleep 600 & sleep 600', '2s', 'It did not end within 2 s'],
    ['is ended by a signal', 'kill -9 $$', '5m', 'It was ended by SIGKILL'],
    ['does not exist', 'no-such-program-here', '5m', 'It ended with exit code 127'],
  ])('that %s fails with a sentence, and nothing of it is left', async (_, cmd, timeout, sentence) => {
    await using scene = await RunnerScene.open()
    const group = scene.path('group')
    await scene.peer.write(scene.member.id, 'go')
    const runner = scene.start(
      exec(`echo $$ >${group}; ${cmd}`, `timeout=${timeout}`),
      scene.settings({ MOLECULE_LOG_LEVEL: 'info' }),
    )
    await until(sentence, () => runner.complaints.join('\n').includes(sentence))
    runner.stop('SIGTERM')
    await runner.exit
    await until('no child', () => !isGroup(Number(readFileSync(group, 'utf8'))))
  })

  test('that prints nothing gives no answer', async () => {
    await using scene = await RunnerScene.open()
    await scene.peer.write(scene.member.id, 'quiet')
    expect(await scene.start([...exec('cat >/dev/null'), '--once']).exit).toBe(0)
    expect(await scene.answers(0)).toEqual([])
  })

  test('finishes the message in hand before its runner ends', async () => {
    await using scene = await RunnerScene.open()
    const begun = scene.path('begun')
    const go = scene.path('go')
    await scene.peer.write(scene.member.id, 'nearly')
    const runner = scene.start(exec(`: >${begun}; until [ -e ${go} ]; do sleep 0.05; done; cat`))
    await until('the command', () => existsSync(begun))
    runner.stop('SIGTERM')
    writeFileSync(go, '')
    expect(await runner.exit).toBe(0)
    expect(await scene.answers(0)).toEqual(['nearly'])
  })
})

describe.concurrent('molecule connect', () => {
  test('ends with 3 when the platform refuses it, before anything else is done', async () => {
    await using scene = await RunnerScene.open()
    for (const env of [
      { MOLECULE_WORKSPACE_TOKENS: 'a-token-of-somebody-else' },
      { MOLECULE_WORKSPACE_IDS: crypto.randomUUID() },
    ]) {
      const runner = scene.start(exec(`touch ${scene.path('never')}`), scene.settings(env))
      expect(await runner.exit).toBe(3)
      expect(runner.complaints.join()).toMatch(/does not accept its token|has no workspace/)
    }
    expect(existsSync(scene.path('never'))).toBe(false)
  })

  test('takes the token from a file of its owner', async () => {
    await using scene = await RunnerScene.open()
    const { member, peer } = scene
    const file = scene.path('token')
    writeFileSync(file, `${member.token}\n`, { mode: 0o600 })
    await peer.write(member.id, 'hello')
    const words = [member.id, '--backend', 'mock', '--token-file', file, '--once']
    const bare = scene.settings({ MOLECULE_WORKSPACE_IDS: '', MOLECULE_WORKSPACE_TOKENS: '' })
    expect(await scene.start(words, bare).exit).toBe(0)
    expect(await scene.answers(1)).toEqual(['echo: hello'])
    expect(statSync(scene.path('state', 'ledger.db')).mode & 0o777).toBe(0o600)
  })
})
