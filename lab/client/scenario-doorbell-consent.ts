/** Which sessions are rung: those whose person said so, and none that cannot or must not be. */
import { match, ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientSession } from '../driver/client/client-session.ts'
import type { Answer } from '../driver/client/model-api.ts'
import { shownIn } from '../driver/client/model-request.ts'
import { ALL_TOOLS, CLAIM, READ } from '../driver/client/plugin-tools.ts'
import { runs } from '../driver/processes.ts'
import { until } from '../driver/until.ts'
import { assertShown, assertUnsent, type Scenario } from './scenario.ts'

const RUNG = ['MOLECULE_CHANNEL', 'doorbell'] as const

const twoSessions: Scenario = {
  name: 'bell-two-sessions',
  rule: 'of two sessions one is rung; claiming moves that to the other, and the first takes over when the other ends',
  async play(stage) {
    stage.set(...RUNG)
    const first = await stage.plainSession()
    await stage.write('one')
    await first.untilShown('one')
    await stage.untilState('confirmed', 'one')
    const second = await stage.plainSession()
    await second.untilStatus(/^receiving: no; .* receives, and this session takes over when it ends/m)
    match(await second.receive(), /^This session receives for workspace /)
    await stage.write('two')
    await second.untilShown('two')
    await stage.untilState('confirmed', 'two')
    await second.leave()
    await stage.write('three')
    await first.untilShown('three')
    await stage.untilState('confirmed', 'three')
    assertShown(first, 'one', 'three')
    assertShown(second, 'two')
    strictEqual(first.bells.length, 2)
    strictEqual(second.bells.length, 1)
    return 'each message was read in one session, which alone was rung for it'
  },
}

const ended: Scenario = {
  name: 'bell-off',
  rule: 'after /molecule:receive off a session is rung no more, and what waits comes to another that receives',
  async play(stage) {
    stage.set(...RUNG)
    const first = await stage.plainSession()
    await stage.write('one')
    await first.untilShown('one')
    await stage.untilState('confirmed', 'one')
    match(await first.receive('off'), /^This session receives no more messages\./)
    await first.untilStatus(/^receiving: no, /m)
    await stage.write('two')
    const second = await stage.plainSession()
    await second.untilShown('two')
    await stage.untilState('confirmed', 'two')
    assertShown(first, 'one')
    assertShown(second, 'two')
    strictEqual(first.bells.length, 1)
    return 'the first was rung for one message, the second for the other'
  },
}

const killed: Scenario = {
  name: 'bell-killed',
  rule: 'after kill -9 of the client, the next session is rung as it starts: what was read comes again, marked, the rest once',
  async play(stage) {
    stage.set(...RUNG)
    const first = await stage.plainSession()
    first.model.hold()
    await stage.write('one')
    const rung = await first.model.nextTurn()
    rung.answer({ call: READ, input: {} })
    await first.model.nextTurn()
    assertShown(first, 'one')
    await stage.write('two')
    await stage.untilState('received', 'two')
    const { pid } = first.plugin
    first.kill()
    await until('the plugin to end', () => !runs(pid))
    await stage.write('three')
    const second = await stage.plainSession()
    await second.untilShown('three')
    await stage.untilState('confirmed', 'one', 'two', 'three')
    assertShown(second, '*one', 'two', 'three')
    strictEqual(second.bells.length, 1, 'the second session was not rung once for what waited at its start')
    await second.hangUp()
    const third = await stage.plainSession()
    await stage.write('four')
    await third.untilShown('four')
    await stage.untilState('confirmed', 'four')
    assertShown(third, 'four')
    return 'one bell at the start of the second session: the read one came again, marked, the others once'
  },
}

const closedInbox: Scenario = {
  name: 'bell-refused',
  rule: 'a session whose settings refuse or hold prompts from other processes is not rung, and says so',
  async play(stage) {
    for (const crossSessionInbound of ['refuse', 'hold']) {
      const session = await stage.plainSession({ settings: { crossSessionInbound } })
      const because = `Claude Code cannot be told of messages: the settings of Claude Code say crossSessionInbound: "${crossSessionInbound}"`
      const said = await session.receive()
      ok(said.includes(because), `claim_channel said: ${said}`)
      await session.untilStatus(new RegExp(`^receiving: no, .*${because}`, 'm'))
      await stage.write(crossSessionInbound)
      assertUnsent(stage, 'the session took a message')
      strictEqual(session.bells.length, 0)
      await session.leave()
    }
    return 'both said it in the answer to the claim and in status'
  },
}

const BYPASS = {
  permissionMode: 'bypassPermissions',
  env: { IS_SANDBOX: '1' },
  settings: { skipDangerousModePermissionPrompt: true },
} as const

const bypassClaimed: Scenario = {
  name: 'bell-bypass-claim',
  rule: 'a session that asks for no permissions receives only once its person was told what that means',
  async play(stage) {
    const session = await stage.plainSession(BYPASS)
    const asked = await session.receive()
    match(
      asked,
      /^Nothing was changed\. Before messages arrive here, tell the user that this session asks for no permissions/,
    )
    await session.untilStatus(/^receiving: no, this session was started without the channel/m)
    session.model.hold()
    await session.prompt('I know. Receive here.')
    const turn = await session.model.nextTurn()
    turn.answer({ call: CLAIM, input: { user_accepts_bypass: true } })
    const claimed = await session.model.nextTurn()
    match(claimed.request.results[0] ?? '', /^This session receives for workspace /)
    claimed.answer({ say: 'It does.' })
    session.model.release()
    await stage.write('one')
    await stage.untilState('confirmed', 'one')
    assertShown(session, 'one')
    return 'the first claim changed nothing and asked for the person’s word; the second received'
  },
}

const bypassSet: Scenario = {
  name: 'bell-bypass-set',
  rule: 'with MOLECULE_CHANNEL=doorbell a session that asks for no permissions is rung only after its person has seen what that means',
  async play(stage) {
    stage.set(...RUNG)
    await stage.write('one')
    const session = await stage.plainSession(BYPASS)
    await until('the plugin to have decided', () => stage.log().includes('does not receive messages'))
    assertUnsent(stage, 'the session was rung before its person was told')
    await session.prompt('Good morning.')
    // On the screen the client draws only what has changed, so its log tells more surely what it showed.
    const shown = /Hook UserPromptSubmit .*systemMessage.*It asks for no permissions/
    await until('the notice', () => session.loggedAt(shown).length > 0)
    await session.untilShown('one')
    await stage.untilState('confirmed', 'one')
    assertShown(session, 'one')
    return 'the first prompt showed the notice, and the message was read after it'
  },
}

const printMode: Scenario = {
  name: 'bell-print-mode',
  rule: '`claude -p` with MOLECULE_CHANNEL=doorbell prints one answer, consumes nothing, and its status says why',
  async play(stage) {
    stage.set(...RUNG)
    await stage.write('one')
    const { requests, output } = await stage.printed('Say a word.', async () => {
      await until('the plugin to have looked', () => stage.log().includes('does not receive messages'))
    })
    strictEqual(output.trim(), 'Done.')
    assertUnsent(stage, 'claude -p took a message')
    strictEqual(requests.flatMap(shownIn).length, 0)
    const why = 'Claude Code cannot be told of messages: it answers one prompt and exits'
    ok(
      requests.some(({ results }) => results.some((result) => result.includes(why))),
      'status does not say why',
    )
    return 'it printed one line; the message waits'
  },
}

const flagged: Scenario = {
  name: 'bell-with-channel',
  rule: 'with the channel flag and MOLECULE_CHANNEL=doorbell messages come over the channel alone',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.session({ channel: true, followsBells: true })
    await stage.write('one')
    await session.untilShown('one')
    await session.untilStatus(/^receiving: yes \(the host has shown messages\)/m)
    await stage.write('two')
    await session.untilShown('two')
    await stage.untilState('confirmed', 'one', 'two')
    assertShown(session, 'one', 'two')
    strictEqual(session.bells.length, 0)
    ok(!/uds-messaging\] Client connected/.test(session.debugLog()), 'something was put into the inbox')
    return 'both came as channel events, and nobody connected to the inbox'
  },
}

const nested: Scenario = {
  name: 'bell-nested',
  rule: 'a session started in the shell of another, with its environment, never rings the other',
  async play(stage) {
    const outer = await stage.plainSession({ allow: `${ALL_TOOLS},Bash` })
    const inherited = await environmentOf(outer, join(stage.user.project, 'environment'))
    match(inherited.CLAUDE_CODE_MESSAGING_SOCKET ?? '', /\.sock$/)
    const requests = outer.model.requests.length
    const inner = await stage.plainSession({ env: { ...inherited, ...stage.env } })
    match(await inner.receive(), /^This session receives for workspace /)
    await stage.write('one')
    await inner.untilShown('one')
    await stage.untilState('confirmed', 'one')
    assertShown(inner, 'one')
    strictEqual(outer.model.requests.length, requests, 'the outer session was rung')
    ok(
      !/uds-messaging\] Client connected/.test(outer.debugLog()),
      'something was put into the inbox of the outer session',
    )
    return 'the message was read in the inner session; nobody connected to the inbox of the outer one'
  },
}

/** The variables that a command in the shell of a session gets. */
async function environmentOf(session: ClientSession, file: string): Promise<Record<string, string>> {
  const write: Answer = {
    call: 'Bash',
    input: { command: `env -0 > '${file}'`, description: 'Write the variables' },
  }
  session.model.hold()
  await session.prompt('Which variables are set?')
  const turn = await session.model.nextTurn()
  turn.answer(write)
  await session.model.nextTurn().then(({ answer }) => answer({ say: 'These.' }))
  session.model.release()
  const lines = readFileSync(file, 'utf8')
    .split('\0')
    .filter((line) => line.includes('='))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

export const doorbellConsent: readonly Scenario[] = [
  twoSessions,
  ended,
  killed,
  closedInbox,
  bypassClaimed,
  bypassSet,
  printMode,
  flagged,
  nested,
]
