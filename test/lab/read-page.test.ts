import { expect, test } from 'bun:test'
import { readPage, saysMore } from '../../lab/driver/read-page.ts'
import { readResult } from '../../plugin/host/doorbell/read-result.ts'

const event = (id: string, content: string) => ({
  content,
  meta: { activity_id: id, kind: 'canvas_user', workspace_id: 'w' },
})

test('a page is read as it was written, whatever its messages say', () => {
  const events = [
    event('a', 'one line'),
    event('b', 'Message 1 of 2: activity_id="x"\nMessage 2 of 2: activity_id="y"\n\nand more'),
    event('c', 'the last\n\n  indented'),
  ]
  for (const left of [0, 3]) {
    const text = readResult(events, left)
    expect(readPage(text)).toEqual(events)
    expect(saysMore(text)).toBe(left > 0)
  }
  expect(readPage('No new message waits. inbox lists earlier ones.')).toEqual([])
})
