import { describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PLUGIN_ROOT } from '../../../lab/driver/plugin-command.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { type Environment, parseConfig } from '../../../member/settings/config.ts'
import { startNotice } from '../../../plugin/notice/notice.ts'
import { bundle, startProgram } from '../../../scripts/bundle.ts'
import { HOME, MINIMAL } from '../../fixtures/config.ts'
import { SessionScene } from '../../fixtures/session-scene.ts'

const DEAF = { mayHold: false, certain: true, because: 'it is deaf', remedy: 'start another' }
const facts = (settings: Environment = MINIMAL) => ({
  config: parseConfig(settings, undefined, HOME),
  hearing: DEAF,
  isServed: false,
  waiting: 0,
})

describe('the notice at the start of a session', () => {
  test('says why it does not receive messages, how it could, and what waits', () => {
    expect(startNotice(facts())).toBe(
      'Molecule channel: this session does not receive messages: it is deaf. To receive them here, start another.',
    )
    expect(startNotice({ ...facts(), waiting: 31 })).toContain('. 31 messages wait: inbox shows them. To ')
    expect(startNotice({ ...facts(), waiting: 1 })).toContain('. 1 message waits: ')
  })

  test('says what is wrong with the settings', () => {
    expect(startNotice(facts({}))).toBe(
      'Molecule channel: no workspace is configured: run /molecule:configure.',
    )
    expect(startNotice(facts({ ...MINIMAL, MOLECULE_WORKSPACE_IDS: 'x' }))).toContain(
      'MOLECULE_WORKSPACE_IDS entry 1 is "x" but must be a UUID',
    )
  })

  test('says nothing in a session that receives, beside one that does, and where none shall', () => {
    expect(startNotice({ ...facts(), hearing: { ...DEAF, mayHold: true } })).toBeUndefined()
    expect(startNotice({ ...facts(), isServed: true })).toBeUndefined()
    expect(startNotice(facts({ ...MINIMAL, MOLECULE_CHANNEL: 'off' }))).toBeUndefined()
    expect(startNotice(facts({ MOLECULE_CHANNEL: 'off' }))).toBeUndefined()
  })
})

test('the hook says it in JSON, also without Bun or with an old one, and is silent where there is no screen', async () => {
  using folder = temporaryFolder()
  const [program, bin] = [folder.file('program'), folder.file('bin')]
  mkdirSync(bin)
  await Bun.write(join(program, 'start.js'), await startProgram())
  await Bun.write(join(program, 'notice.js'), await bundle('notice'))
  const run = (env: Readonly<Record<string, string>>): string =>
    Bun.spawnSync(['/bin/sh', join(PLUGIN_ROOT, 'hooks', 'session-start.sh'), program], {
      env: { HOME: folder.path, PATH: bin, ...env },
      cwd: folder.path,
    }).stdout.toString()
  const message = (text: string): unknown => JSON.parse(text)

  expect(message(run({}))).toEqual({
    systemMessage: expect.stringContaining('Claude Code finds no bun on its PATH: run npm i -g bun'),
  })
  symlinkSync(process.execPath, join(bin, 'bun'))
  expect(message(run({}))).toEqual({
    systemMessage: 'Molecule channel: no workspace is configured: run /molecule:configure.',
  })
  expect(run({ CLAUDE_CODE_ENTRYPOINT: 'sdk-cli' })).toBe('')
  expect(run({ MOLECULE_CHANNEL: 'off' })).toBe('')
  using scene = new SessionScene()
  const receiver = scene.start()
  scene.pass(5_000)
  receiver.hostStopped = true
  scene.pass(2_000)
  for (let n = 0; n < 3; n++) scene.first.feed.add()
  scene.pass(10_000)
  receiver.kill()
  expect(message(run({ MOLECULE_STATE_DIR: scene.paths.folder }))).toEqual({
    systemMessage: expect.stringContaining('. 3 messages wait: inbox shows them. To receive them here, '),
  })
  await Bun.write(join(program, 'start.js'), (await startProgram()).replace(/>=\d+\.\d+\.\d+/, '>=99.0.0'))
  expect(message(run({}))).toEqual({ systemMessage: expect.stringContaining('needs Bun 99.0.0 or newer') })
})
