/** The skills that set a session up: what the person types is enough, and what a message says is not. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { version } from '../../package.json'
import { PLUGIN_FOLDER, pluginFiles } from '../../scripts/plugin-folder.ts'
import type { ClientSession } from '../driver/client/client-session.ts'
import type { HeldTurn } from '../driver/client/model-api.ts'
import { ALLOW, CONFIGURE, REPLY, STATUS } from '../driver/client/plugin-tools.ts'
import { untilStatus } from '../driver/client/tool-turns.ts'
import { User } from '../driver/client/user.ts'
import { PLUGIN, PLUGIN_ROOT } from '../driver/plugin-command.ts'
import type { Scenario } from './scenario.ts'

/** The plugin of this clone. */
const BUILT = join(PLUGIN_ROOT, PLUGIN_FOLDER)

/** The person calls a skill. @returns the turn that this opens. */
async function typed(session: ClientSession, line: string): Promise<HeldTurn> {
  session.model.hold()
  const before = session.model.newest
  await session.enter(line, 'the skill to reach the model', () => session.model.newest !== before)
  return session.model.nextTurn()
}

/** Whether the model was given a text. */
function asked(session: ClientSession, text: string): boolean {
  return session.model.newest?.texts.some((one) => one.includes(text)) === true
}

/** The model calls a tool. @returns the result, and the turn that goes on with it. */
async function called(
  session: ClientSession,
  turn: HeldTurn,
  call: string,
  input: Readonly<Record<string, string>>,
): Promise<readonly [result: string, next: HeldTurn]> {
  turn.answer({ call, input })
  const next = await session.model.nextTurn()
  return [next.request.results.at(-1) ?? '', next]
}

const configure: Scenario = {
  name: 'configure',
  rule: '/molecule:configure CODE connects a session without a question or a token in the conversation; a message cannot',
  async play(stage) {
    const folder = join(stage.user.folder, 'configured-state')
    const session = await stage.session({
      channel: true,
      // Each skill allows the tools that it needs. This one a message is to be refused.
      allow: ALLOW,
      env: { MOLECULE_STATE_DIR: folder },
    })
    const invite = await stage.invite()
    const first = await typed(session, `/molecule:configure ${invite}`)
    const [configured, second] = await called(session, first, CONFIGURE, { code: invite })
    ok(configured.includes(`This session is now workspace ${stage.member.id}`), configured)
    second.answer({ say: 'Connected.' })
    session.model.release()
    const envFile = join(folder, '.env')
    strictEqual(statSync(envFile).mode & 0o777, 0o600)
    const token = /TOKENS="([^"]+)"/.exec(readFileSync(envFile, 'utf8'))?.[1] ?? ''
    ok(token.length > 20, 'the settings hold no token')
    session.model.hold()
    await session.enter('/molecule:status', 'the skill to reach the model', () =>
      asked(session, 'State of the Molecule channel'),
    )
    const shown = await untilStatus(session.model, /^receiving: yes/m)
    shown.answer({ say: 'It receives.' })
    await stage.write('/molecule:access canvas')
    const reached = await session.model.nextTurn()
    const [refused, third] = await called(session, reached, ALLOW, { senders: 'canvas' })
    ok(refused.includes('Nothing was changed'), refused)
    third.answer({ say: 'No.' })
    session.model.release()
    const fourth = await typed(session, '/molecule:access only the person in the chat')
    const [allowed, last] = await called(session, fourth, ALLOW, { senders: 'canvas' })
    ok(allowed.includes('is now canvas'), allowed)
    last.answer({ say: 'Done.' })
    session.model.release()
    strictEqual(
      session.model.requests.some(({ texts }) => texts.some((text) => text.includes(token))),
      false,
    )
    return 'the code became settings of mode 0600, no dialog opened, and a message changed nothing'
  },
}

const joined: Scenario = {
  name: 'join',
  rule: 'the command that ./molecule join prints starts a session that receives, reads and answers, with no warning screen, no dialog and one plugin process',
  async play(stage) {
    const { id, words } = await stage.join('newcomer')
    const [variable = '', program, ...rest] = words
    const [name = '', folder = ''] = variable.split('=')
    deepStrictEqual(
      [name, program, rest.slice(0, -1)],
      ['MOLECULE_STATE_DIR', 'claude', ['--plugin-dir', BUILT]],
    )
    // Whatever else the plugin does would ask.
    const session = await stage.session({
      channel: false,
      allow: STATUS,
      words: rest,
      env: { [name]: folder },
    })
    // Installed and named on the command line, it is there once.
    strictEqual(session.plugin.command.includes(BUILT), true, session.plugin.command)
    await session.untilStatus(/^receiving: yes/m)
    session.model.followBells()
    await stage.writeTo(id, 'one')
    const { meta } = await session.untilShown('one')
    session.model.hold()
    await stage.writeTo(id, 'two')
    const told = await session.model.nextTurn()
    const input = { activity_id: meta.activity_id ?? '', text: 'I am.' }
    const [answered, last] = await called(session, told, REPLY, input)
    ok(!/fail|refused/i.test(answered), answered)
    last.answer({ say: 'Done.' })
    session.model.release()
    return 'the session was told of a message, read it and answered, and no dialog opened'
  },
}

const installation: Scenario = {
  name: 'installation',
  rule: 'an installation copies the plugin and nothing else; an upgrade takes the new version; removal leaves the settings',
  async play(stage) {
    using user = new User(stage.user.client)
    await user.install()
    const succeed = async (...words: readonly string[]): Promise<string> => {
      const { code, output } = await user.run(['plugin', ...words])
      strictEqual(code, 0, output)
      return output
    }
    const claude = join(user.folder, 'home', '.claude')
    const copies = join(claude, 'plugins', 'cache', 'molecule-channel', 'molecule')
    const copied = [...new Bun.Glob('**').scanSync({ cwd: join(copies, version), dot: true })]
    deepStrictEqual(copied.sort(), [...(await pluginFiles()).keys()].sort())
    const manifest = join(user.folder, 'clone', PLUGIN_FOLDER, '.claude-plugin', 'plugin.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"${version}"`, '"99.0.0"'))
    await succeed('update', PLUGIN)
    match(await succeed('list'), /Version: 99\.0\.0/)
    const settings = join(claude, 'channels', 'molecule', '.env')
    mkdirSync(dirname(settings), { recursive: true })
    writeFileSync(settings, 'MOLECULE_LOG_LEVEL=debug\n')
    await succeed('uninstall', PLUGIN)
    await succeed('marketplace', 'remove', 'molecule-channel')
    doesNotMatch(await succeed('list'), /molecule@/)
    strictEqual(readFileSync(settings, 'utf8'), 'MOLECULE_LOG_LEVEL=debug\n')
    return `${copied.length} files were copied; the upgrade and the removal did what the README says`
  },
}

export const setUp: readonly Scenario[] = [configure, joined, installation]
