/** What the web chat makes of the words of others, and the lines that it gives to copy. */
import { expect, test } from 'bun:test'
import { claudeLine, settingsBlock } from '../../platform/chat/connect-steps.js'
import { markdownToHtml } from '../../platform/chat/markdown.js'

test('Markdown becomes headings, lists, tables, code with its language, and lines as they were written', () => {
  const html = markdownToHtml(
    '# Top\n\n- one\n- [x] two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```ts x\na < b\n```\nl1\nl2',
  )
  for (const part of [
    '<h3>Top</h3>',
    '<li>one</li>',
    '☑ two',
    '<td>1</td>',
    '<figcaption>ts</figcaption>',
    'l1<br>l2',
  ]) {
    expect(html).toContain(part)
  }
  expect(html).toContain('<pre><code>a &#60; b</code></pre>')
})

test('markup in a message stays text, in every place where Markdown knows it', () => {
  const markup = '<img src=x onerror=alert(1)>'
  for (const text of [
    markup,
    `a ${markup}`,
    `- ${markup}`,
    `\`${markup}\``,
    `\`\`\`${markup}\n${markup}\n\`\`\``,
    `[${markup}](https://a.example)`,
    `![${markup}](https://a.example)`,
    `| ${markup} |\n|---|`,
  ]) {
    expect(markdownToHtml(text)).not.toMatch(/<(?:img|script|iframe|input)/i)
  }
})

test('a link leads to the web or to a mail address and shows where; a picture is a link', () => {
  expect(markdownToHtml('[docs](https://docs.example/a)')).toContain(
    '<a href="https://docs.example/a">docs</a> <small>(docs.example)</small>',
  )
  expect(markdownToHtml('https://docs.example/a')).toContain('>https://docs.example/a</a></p>')
  expect(markdownToHtml('![chart](https://t.example/p.png)')).toContain(
    '>chart</a> <small>(t.example)</small>',
  )
  expect(markdownToHtml('[bank.example](https://evil.example)')).toContain('<small>(evil.example)</small>')
  for (const address of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '/workspaces']) {
    expect(markdownToHtml(`[a](${address})`)).not.toContain('<a')
  }
})

test('a text that would hold the page stays text: very long, or lists and quotes in each other without end', () => {
  for (const mark of ['> ', '- ', '1. ', '>', '* > '])
    expect(markdownToHtml(`${mark.repeat(20)}x`)).toBeUndefined()
  expect(markdownToHtml(`a\n\n${'- '.repeat(5_000)}x`)).toBeUndefined()
  expect(markdownToHtml('a '.repeat(20_000))).toBeUndefined()
  expect(markdownToHtml(`a\n\n${'-'.repeat(80)}\n\n> > - b`)).toContain('<li>b')
})

test('the lines to copy are a file of settings and a command that a shell takes as it is, whatever the name', () => {
  expect(settingsBlock('http://127.0.0.1:8080', { workspace_id: 'w', auth_token: 't' })).toBe(
    'MOLECULE_PLATFORM_URL=http://127.0.0.1:8080\nMOLECULE_WORKSPACE_IDS=w\nMOLECULE_WORKSPACE_TOKENS=t',
  )
  expect(claudeLine('lead')).toStartWith('MOLECULE_STATE_DIR="$HOME/.claude/channels/lead" claude --')
  for (const name of ['$(rm -rf /)', '"`id`"', '../../x', '木', '']) {
    expect(claudeLine(name)).toMatch(/channels\/[A-Za-z0-9_][\w-]*" claude /)
  }
})
