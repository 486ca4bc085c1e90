/** The client as the backend of `molecule connect`. */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GUIDANCE } from '../../runner/backend/prompt.ts'
import { ModelApi } from '../driver/client/model-api.ts'
import { STATUS } from '../driver/client/plugin-tools.ts'
import { untilStatus } from '../driver/client/tool-turns.ts'
import type { Peer } from '../driver/peer.ts'
import { until } from '../driver/until.ts'
import type { Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

/** A client starts for each message. */
const ANSWER_TIMEOUT_MS = 40_000

function answers(peer: Peer, stage: Stage, count: number): Promise<readonly string[]> {
  return until(
    `${count} answers to the peer`,
    async () => {
      const texts = (await peer.received()).flatMap(({ from, text }) =>
        from === stage.member.id ? [text] : [],
      )
      return texts.length >= count ? texts : undefined
    },
    ANSWER_TIMEOUT_MS,
  )
}

/** Lets the person allow these in their project, until it is disposed of. */
function allowed(stage: Stage, ...allow: readonly string[]): Disposable {
  const folder = join(stage.user.project, '.claude')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ permissions: { allow } }))
  return { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

const bash = (command: string) => ({ call: 'Bash', input: { command, description: 'Try it' } })

const conversation: Scenario = {
  name: 'runner',
  rule: 'a runner answers a peer with one session of the client, which knows the guidance and may do what its user allows',
  async play(stage) {
    const { project } = stage.user
    using _ = allowed(stage, 'Bash(touch allowed)', STATUS)
    const outside = join(stage.user.folder, 'private.txt')
    writeFileSync(outside, 'a private line\n')
    await using model = new ModelApi()
    model.hold()
    const peer = stage.peer()
    await stage.runner(model)
    await peer.write(stage.member.id, `See @${outside} and @"${outside}".`, { contextId: 'talk' })
    // The plugin is there, too: it starts with each client.
    const turn = await untilStatus(model, /^configuration: 1 workspace/m)
    const status = turn.request.results.join('\n')
    ok(
      !status.includes('not settings'),
      `the plugin mistakes what it is told about a message for settings: ${status}`,
    )
    ok(turn.request.system.includes(GUIDANCE), 'the guidance is not in the system prompt')
    const [prompt = ''] = turn.request.texts.filter((text) => text.includes('<channel source="molecule"'))
    match(prompt, new RegExp(` kind="peer_agent" .*peer_id="${peer.id}"`))
    ok(prompt.includes('private.txt and '), 'the message is not in the prompt')
    const said = turn.request.texts.join('\n')
    ok(!said.includes('a private line'), 'a message put a file into the prompt by its name')
    turn.answer(bash('touch allowed'))
    const second = await model.nextTurn()
    ok(
      existsSync(join(project, 'allowed')),
      `what the settings allow was refused: ${second.request.results.join(' ')}`,
    )
    second.answer(bash('touch refused'))
    const third = await model.nextTurn()
    ok(!existsSync(join(project, 'refused')), 'the client did what no setting allows')
    third.answer({ say: 'The first answer.' })
    deepStrictEqual(await answers(peer, stage, 1), ['The first answer.'])
    await peer.write(stage.member.id, 'And what did I ask before?', { contextId: 'talk' })
    const next = await model.nextTurn()
    const before = next.request.texts.filter((text) => text.includes('private.txt and '))
    strictEqual(before.length, 1, 'the second message did not come into the session of the first')
    next.answer({ say: 'The second answer.' })
    deepStrictEqual(await answers(peer, stage, 2), ['The first answer.', 'The second answer.'])
    const contexts = (await peer.received()).map(({ contextId }) => contextId)
    deepStrictEqual(contexts, ['talk', 'talk'])
    return 'both were answered in one session, and only the allowed command ran'
  },
}

const limits: Scenario = {
  name: 'runner-limits',
  rule: 'limits of turns and cost end the work on a message once, and its sender is told',
  async play(stage) {
    const peer = stage.peer()
    await using model = new ModelApi()
    const tell = async (limit: string, said: string): Promise<void> => {
      model.hold()
      await peer.write(stage.member.id, `Work until ${limit}.`)
      const runner = await stage.runner(model, '--backend-opt', limit, '--once')
      const turn = await model.nextTurn()
      turn.answer(bash('touch allowed'))
      model.release()
      strictEqual(await runner.exit(), 1, runner.stderr)
      ok(runner.stderr.includes(said), `the log does not say "${said}": ${runner.stderr}`)
    }
    await tell('max_turns=1', 'Reached maximum number of turns (1)')
    await tell('max_budget_usd=0.00001', 'Reached maximum budget ($0.00001)')
    strictEqual(model.requests.length, 2, 'a message that reached a limit was tried again')
    for (const text of await answers(peer, stage, 2)) match(text, /could not be answered here/)
    return 'each ended after one request to the model, and the peer was told twice'
  },
}

const broken: Scenario = {
  name: 'runner-broken',
  rule: 'a client that is missing is named before anything starts; one that is not logged in keeps messages until it is',
  async play(stage) {
    const peer = stage.peer()
    await using model = new ModelApi()
    const missing = await stage.runner(model, '--backend-opt', 'bin=/nowhere/claude')
    strictEqual(await missing.exit(), 2)
    match(missing.stderr, /"\/nowhere\/claude" is not an executable program.*npm install -g/)
    await peer.write(stage.member.id, 'Is anybody there?')
    const loggedOut = await stage.runner(undefined)
    await loggedOut.logs('Claude Code cannot ask its model: Not logged in')
    loggedOut.kill('SIGTERM')
    strictEqual(await loggedOut.exit(), 0)
    deepStrictEqual(await peer.received(), [])
    const repaired = await stage.runner(model, '--once')
    strictEqual(await repaired.exit(), 0, repaired.stderr)
    deepStrictEqual(await answers(peer, stage, 1), ['Noted.'])
    return 'the log named both, and the message was answered once the user was logged in'
  },
}

export const runner: readonly Scenario[] = [conversation, limits, broken]
