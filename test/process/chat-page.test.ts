/** The web chat in the system's Chromium, with the real platform and a real plugin process. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { until } from '../../lab/driver/until.ts'
import { barriers, CHROMIUM, ChatScene, lookLike } from '../fixtures/chat-scene.ts'

setDefaultTimeout(60_000)

const MARKDOWN = `# Report
- *one* and \`two\`

| test | result |
|---|---|
| a | passed |

\`\`\`sh
bun test
\`\`\`
See [the docs](https://docs.example/x), ![chart](https://tracker.example/p.png)
<img src="https://tracker.example/q.png" onerror="alert(1)"><form><button>Allow</button></form>`

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

  const choose = (name: string, on = page) => on.getByRole('button', { name: new RegExp(`^${name}`) }).click()
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

  test('a file that a person attaches arrives with its message under its own name', async () => {
    const file = { name: '報告 é.txt', mimeType: 'text/plain', buffer: Buffer.from('content') }
    await page.locator('input[type=file]').setInputFiles(file)
    await write('see the file')
    await shown('see the file')
    const { meta } = await arrived('see the file')
    expect(JSON.stringify(meta)).toContain('報告 é.txt')
  })

  test('what is shown survives a reload, and the operator token is in no address', async () => {
    await page.reload()
    await choose('builder')
    await shown('hello person')
    expect(page.url()).not.toContain('token')
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

  test('two tabs show the same conversation', async () => {
    const other = await scene.openBeside(page)
    await choose('builder', other)
    await write('from the other tab', other)
    await shown('from the other tab', other)
    await shown('from the other tab')
    await other.close()
  })

  test('after a restart of the platform the page is live again, and what was written comes through', async () => {
    await scene.platform.stop()
    await page.getByRole('status').getByText('Connecting').waitFor()
    await scene.startAgain()
    await page.getByRole('status').getByText('Live').waitFor()
    await write('after the restart')
    await shown('after the restart')
    await arrived('after the restart')
  })

  test.each([{}, { scheme: 'dark' }, { phone: true }, { scheme: 'dark', phone: true }] as const)(
    'axe finds no barrier: %j',
    async (look) => {
      await lookLike(page, look)
      expect(await barriers(page)).toEqual([])
    },
  )

  test('the page raises no error and asks for nothing that its content security policy refuses', () => {
    expect(scene.complaints).toEqual([])
  })
})
