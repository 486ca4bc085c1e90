/** The web chat in the system's Chromium, with the real platform and a real plugin process. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { messageRequest } from '../../lab/driver/a2a-request.ts'
import { barriers, CHROMIUM, ChatScene, lookLike } from '../../lab/driver/chat-scene.ts'
import { directFetch } from '../../lab/driver/direct-fetch.ts'
import { marked } from '../../lab/driver/marked-secrets.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { until } from '../../lab/driver/until.ts'
import { questionRules } from '../fixtures/chat-question-rules.ts'
import {
  END_OF_COMPOSITION,
  FOCUSED,
  GIVE_FILES,
  HEADER_PX,
  HOW_FAR,
  LOOK_ELSEWHERE,
  MARKDOWN,
  NOTIFIED,
  PERMISSION,
  TO_TOP,
} from '../fixtures/chat-samples.ts'
import { workspaceRules } from '../fixtures/chat-workspace-rules.ts'

setDefaultTimeout(300_000)

describe.skipIf(CHROMIUM === null)('the chat in Chromium (skipped where there is none)', () => {
  let scene: ChatScene
  let host: PluginProcess
  let page: Page

  beforeAll(async () => {
    scene = await ChatScene.open()
    ;[host, page] = await Promise.all([
      scene.host(scene.builder, { MOLECULE_PERMISSION_RELAY: 'canvas' }),
      scene.open(),
    ])
    await choose('builder')
  })

  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
  })

  const choose = (name: string, on = page) =>
    on.getByRole('navigation').getByTitle(name, { exact: true }).click()
  const write = async (text: string, on = page) => {
    await on.getByRole('textbox', { name: 'Message' }).fill(text)
    await on.keyboard.press('Enter')
  }
  const shown = (text: string, on = page) => on.getByRole('log').getByText(text).first().waitFor()
  const arrived = (text: string) =>
    until(`"${text}" at the plugin`, () => host.events.find(({ content }) => content.includes(text)))

  test('a message that a person writes reaches the session, and its answer the page, beside a badge that says online', async () => {
    await write('hello builder')
    await shown('hello builder')
    await arrived('hello builder')
    await page.getByRole('button', { name: /^builder.*online/ }).waitFor()
    await host.call('send_message_to_user', { message: 'hello person' })
    await shown('hello person')
  })

  test('files are chosen, dropped and pasted, listed, removable, and arrive under their own names; a picture is shown small', async () => {
    const file = { name: '報告 é.txt', mimeType: 'text/plain', buffer: Buffer.from('content') }
    await page.locator('input[type=file]').setInputFiles(file)
    await page.evaluate(GIVE_FILES)
    const list = page.getByRole('list', { name: 'Files to send' })
    await list.getByText('dropped.png').waitFor()
    expect(await list.getByRole('listitem').allTextContents()).toEqual([
      expect.stringContaining('報告 é.txt'),
      expect.stringContaining('dropped.png'),
      expect.stringContaining('pasted.txt'),
    ])
    await list.getByRole('button', { name: 'Remove pasted.txt' }).click()
    await write('see the files')
    await shown('see the files')
    const { meta } = await arrived('see the files')
    expect(JSON.stringify(meta)).toContain('報告 é.txt')
    expect(JSON.stringify(meta)).not.toContain('pasted.txt')
    await page.getByRole('button', { name: 'Save dropped.png' }).locator('img').waitFor()
    expect(await list.count()).toBe(0)
  })

  test('the key that ends a composition does not send, and Shift+Enter begins a line', async () => {
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.fill('にほん')
    await box.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })
    await page.evaluate(END_OF_COMPOSITION)
    await page.keyboard.press('Shift+Enter')
    expect(await box.inputValue()).toBe('にほん\n')
    await box.fill('')
  })

  test('both sides of what agents say to each other are on either page and in the team timeline, joined by their task', async () => {
    const { builder, reviewer } = scene
    const say = (from: typeof builder, to: typeof builder, text: string) =>
      directFetch(`${scene.platform.url}/workspaces/${to.id}/a2a`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${from.token}` },
        body: JSON.stringify(messageRequest(text, { metadata: { delegation_id: 'task-1' } })),
      })
    await say(reviewer, builder, 'please measure it')
    await shown('please measure it')
    await say(builder, reviewer, 'it takes a second')
    for (const name of ['builder', 'reviewer', 'Team timeline']) {
      await choose(name)
      await shown('it takes a second')
      await shown('Task, answered after')
      await page.getByText('Tasks between agents: 0 open, 1 done').waitFor()
    }
    await choose('builder')
  })

  test('a permission request is a row with buttons: one click answers it, and the row says what became of it and by whom', async () => {
    const ask = (request_id: string) =>
      host.notify('notifications/claude/channel/permission_request', { ...PERMISSION, request_id })
    const row = (text: string) => page.getByRole('log').getByRole('listitem').filter({ hasText: text })
    ask('abcde')
    await page.getByRole('navigation').getByText('waits for you').waitFor()
    expect(await row('asks for permission').textContent()).toContain('rm -rf build')
    await page.getByRole('button', { name: 'Allow Bash for builder' }).press('Enter')
    await row('Allowed by you').waitFor()
    expect(host.verdicts).toEqual([{ request_id: 'abcde', behavior: 'allow' }])
    ask('fghij')
    await page.getByRole('button', { name: 'Deny Bash for builder' }).click()
    await row('Denied by you').waitFor()
    ask('kmnop')
    await page.getByRole('button', { name: 'Allow Bash for builder' }).waitFor()
    await host.call('channel_receipt', { prompt: 'the next thing' })
    await row('Answered in the terminal').waitFor()
    expect(await page.getByRole('button', { name: /^(?:Allow|Deny) Bash/ }).count()).toBe(0)
    // The verdicts are in the rows, and nowhere else.
    expect(await row('yes abcde').count()).toBe(0)
  })

  test('a reload keeps what is shown, the draft, and what is unread, which the title says; no address has the token', async () => {
    await page.getByRole('textbox', { name: 'Message' }).fill('half a thought')
    await choose('reviewer')
    await host.call('send_message_to_user', { message: 'look at this' })
    const builder = page.getByRole('navigation').getByTitle('builder', { exact: true })
    for (const step of ['before', 'after'] as const) {
      if (step === 'after') await page.reload()
      await builder.getByText('1 unread').waitFor()
      expect(await page.title()).toStartWith('(1) reviewer')
    }
    expect(page.url()).not.toContain('token')
    await choose('builder')
    await shown('look at this')
    await shown('hello person')
    await until('nothing unread', async () => !(await page.title()).startsWith('('))
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('half a thought')
  })

  test('Markdown is laid out, code can be copied, and nothing in a message is markup or is fetched', async () => {
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await host.call('send_message_to_user', { message: MARKDOWN })
    const message = page.getByRole('listitem').filter({ hasText: 'Report' }).last()
    await message.getByRole('heading', { name: 'Report' }).waitFor()
    await message.getByRole('cell', { name: 'passed' }).waitFor()
    expect(await message.getByRole('link', { name: 'the docs' }).getAttribute('rel')).toContain('noopener')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await message.getByRole('button', { name: 'Copy this code' }).click()
    await message.getByText('Copied').waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('bun test')
    expect(await message.locator('img, script, iframe, form').count()).toBe(0)
    expect(asked.filter((url) => url.includes('tracker'))).toEqual([])
  })

  test('a message that comes while the person looks elsewhere is notified, where that is allowed', async () => {
    await page.evaluate(LOOK_ELSEWHERE)
    await host.call('send_message_to_user', { message: 'while you were away' })
    await until(
      'the notification',
      async () => (await page.evaluate(NOTIFIED)) === 'builder: while you were away',
    )
    await page.reload()
  })

  test('two tabs show the same conversation', async () => {
    const other = await scene.openBeside(page)
    await choose('builder', other)
    await write('from the other tab', other)
    await shown('from the other tab', other)
    await shown('from the other tab')
    await other.close()
  })

  questionRules(() => ({ page, host }))

  workspaceRules(() => ({ page, scene }))

  test('search finds what anybody said, and leads there', async () => {
    await page.keyboard.press('Control+k')
    await page.getByRole('searchbox').fill('TAKES A second')
    await page.getByText('1 found in all messages').waitFor()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /builder to reviewer/ })
      .click()
    await page.locator('.pointed').getByText('it takes a second').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  test('what is written while the platform is away says so, leaves once it is back, and the problem goes away', async () => {
    await scene.platform.stop()
    await page.getByRole('alert').getByText('cannot be reached').waitFor()
    await write('while it was away')
    await shown('Not sent.')
    await scene.startAgain()
    await arrived('while it was away')
    await until('the problem to go', async () => (await page.getByRole('alert').count()) === 0)
    await until('the message to be sent', async () => (await page.getByText('Not sent.').count()) === 0)
    await write('after the restart')
    await arrived('after the restart')
    expect(host.events.filter(({ content }) => content.includes('while it was away'))).toHaveLength(1)
  })

  test('a message that the platform refuses stays with its reason, and is sent again or discarded', async () => {
    scene.platform.setFaults({ answers: [{ kind: 'error_500', path: '/a2a', method: 'POST', times: 2 }] })
    for (const text of ['refused once', 'refused for good']) await write(text)
    const message = (text: string) => page.getByRole('listitem').filter({ hasText: text })
    await message('refused for good').getByText('Not sent.').waitFor()
    await message('refused for good').getByRole('button', { name: 'Discard' }).click()
    await message('refused once').getByRole('button', { name: 'Try again' }).press('Enter')
    await arrived('refused once')
    await until('both to be gone', async () => (await page.getByText('Not sent.').count()) === 0)
    expect(await message('refused for good').count()).toBe(0)
  })

  test('a message that comes while the person reads further up does not move the page, and is a step away', async () => {
    await page.evaluate(TO_TOP)
    await host.call('send_message_to_user', { message: 'far below' })
    const button = page.getByRole('button', { name: 'New messages below' })
    await button.waitFor()
    expect(await page.evaluate(HOW_FAR)).toBe(0)
    await button.click()
    await until('the end', async () => Number(await page.evaluate(HOW_FAR)) > 0)
    expect(await button.count()).toBe(0)
  })

  test('a platform that comes back with another operator token asks for it, and what waited leaves then', async () => {
    await scene.platform.stop()
    await page.getByRole('alert').getByText('cannot be reached').waitFor()
    await write('for the next token')
    await shown('Not sent.')
    await scene.startAgain(marked('another-operator-token'))
    await page.getByLabel('Token').fill(scene.platform.adminToken)
    await page.keyboard.press('Enter')
    await arrived('for the next token')
    await until('the message to be sent', async () => (await page.getByText('Not sent.').count()) === 0)
  })

  test('the keyboard alone reaches everything, in the order in which it stands', async () => {
    await page.reload()
    await shown('far below')
    await page.getByRole('navigation').getByTitle('Team timeline').focus()
    const reached = ['Team timeline']
    for (let steps = 0; steps < 80 && reached.at(-1) !== 'Send'; steps++) {
      await page.keyboard.press('Tab')
      reached.push(String(await page.evaluate(FOCUSED)))
    }
    const expected = [
      /^Team timeline/,
      /lead/,
      /builder/,
      /reviewer/,
      /^Add a workspace/,
      /^Messages between agents/,
      /^Search/,
      /^Manage/,
      /^Tasks between agents/,
      /^Messages$/,
      /^Save dropped.png/,
      /^Copy this code/,
      /^Message$/,
      /^Attach files/,
      /^Send$/,
    ]
    const places = expected.map((name) => reached.findIndex((one) => name.test(one)))
    expect(places.filter((place) => place < 0)).toEqual([])
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test.each([{}, { scheme: 'dark' }, { phone: true }, { scheme: 'dark', phone: true }] as const)(
    'axe finds no barrier: %j',
    async (look) => {
      await lookLike(page, look)
      expect(await barriers(page)).toEqual([])
      if ('phone' in look) expect(await page.evaluate(HEADER_PX)).toBeLessThan(100)
    },
  )

  test('the page raises no error and asks for nothing that its content security policy refuses', () => {
    expect(scene.complaints).toEqual([])
  })
})
