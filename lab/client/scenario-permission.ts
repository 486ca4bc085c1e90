/** Permission dialogs of the client, answered from the chat. */
import { ok, strictEqual } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientSession } from '../driver/client/client-session.ts'
import type { HeldTurn } from '../driver/client/model-api.ts'
import { until } from '../driver/until.ts'
import { assertShown, type Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

/**
 * Has the model ask to create a file.
 *
 * @returns the id of the request in the chat, while the dialog is open in the terminal.
 */
async function askToCreate(
  stage: Stage,
  session: ClientSession,
  turn: HeldTurn,
  path: string,
): Promise<string> {
  turn.answer({ call: 'Bash', input: { command: `touch '${path}'`, description: `Create ${path}` } })
  const id = await until('the question in the chat', async () => {
    const asked = (await stage.replies()).find((line) => line.includes(path))
    return /^Permission request ([a-z]{5}): the session wants to use the tool Bash/.exec(asked ?? '')?.[1]
  })
  await session.sees('Do you want to proceed?')
  return id
}

const permissionRelay: Scenario = {
  name: 'permission-relay',
  rule: 'a permission dialog can be answered from the chat: yes lets the tool run, no refuses it',
  async play(stage) {
    const session = await stage.session({
      channel: true,
      env: { ...stage.env, MOLECULE_PERMISSION_RELAY: 'canvas' },
    })
    const [wanted, unwanted] = [join(stage.user.project, 'wanted'), join(stage.user.project, 'unwanted')]
    session.model.hold()
    await stage.write('Create two files.')
    const first = await askToCreate(stage, session, await session.model.nextTurn(), wanted)
    await stage.write('By the way.', `yes ${first}`)
    const afterFirst = await session.model.nextTurn()
    ok(existsSync(wanted), 'the allowed tool did not run')
    const second = await askToCreate(stage, session, afterFirst, unwanted)
    await stage.write(`no ${second}`)
    await until('the answer to be passed on', async () =>
      (await stage.replies()).some((line) => line.startsWith('Passed on: no to')),
    )
    session.model.release()
    await stage.write('Go on.')
    await session.untilShown('Go on.')
    strictEqual(existsSync(unwanted), false, 'the refused tool ran anyway')
    assertShown(session, 'Create two files.', 'By the way.', 'Go on.')
    return 'the allowed command ran, the refused one did not, and the model was shown neither answer'
  },
}

export const permission: readonly Scenario[] = [permissionRelay]
