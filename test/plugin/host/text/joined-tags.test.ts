import { describe, expect, test } from 'bun:test'
import { cleanText } from '../../../../plugin/host/text/clean-text.ts'

describe('a tag whose name has a joint may be one of the host', () => {
  test.each([
    'mcp-server-note',
    'webhook-payload',
    'subagent_hand_back',
    'cc_automode_session_rules',
    'a-tag-of-next-year',
    'Another_One',
  ])('and is broken, whether or not a list knows it: %s', (name) => {
    expect(cleanText(`<${name}>x</${name}>`)).toBe(`<\\${name}>x<\\/${name}>`)
    expect(cleanText(`say <${name} kind="y">`)).toBe(`say <\\${name} kind="y">`)
    expect(cleanText(`(<${name}/>)`)).toBe(`(<\\${name}/>)`)
  })

  test.each([
    'if (left_over <max_size && x > 0) return',
    'std::vector<my_type> rows; Map<user_id, row_count>',
    'for (let n = 0; n <page_count-1; n++)',
    '<font-face font-family="x"><annotation-xml encoding="y">',
    '<Button onClick={save}>Save</Button> <p class="a-b">x_y</p> <T extends object>',
    'x <- a_b; y -> c-d',
    '<https://example.org/a-b> <ada@example.org>',
  ])('but code and addresses stay as they are: %s', (code) => {
    expect(cleanText(code)).toBe(code)
  })
})
