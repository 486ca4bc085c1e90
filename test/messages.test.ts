import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MESSAGES_PATH, messagesDocument } from '../scripts/messages.ts'
import { sentencesIn } from '../scripts/sentences.ts'

test('docs/messages.md has every sentence of the sources: ./molecule build makes it', () => {
  expect(readFileSync(join(import.meta.dir, '..', MESSAGES_PATH), 'utf8')).toBe(messagesDocument())
})

describe('the sentences of a source', () => {
  /** Written with `#{` for what is filled in. */
  const of = (source: string): readonly string[] => sentencesIn('a.ts', source.replaceAll('#{', '${'))

  test('are its texts of three words or more, with a name for what is filled in', () => {
    expect(of("fail('it is broken', `mend #{config.path} or #{name} #{f()} at once`, 'two words')")).toEqual([
      'it is broken',
      'mend {path} or {name} {…} at once',
    ])
    expect(of("say('the first half, ' + `and #{what}`)")).toEqual(['the first half, and {what}'])
    expect(of("const a = `there #{n === 1 ? 'is one' : 'are several'} of them`")).toEqual([
      'there {is one|are several} of them',
    ])
    expect(of('const a = `these are all: #{list.map((one) => `each one of #{one}`)}`')).toEqual([
      'these are all: {…}',
      'each one of {one}',
    ])
    expect(
      of("say(counted(n, 'message') + ' wait', `#{counted(n, 'message')} wait: #{describeError(e)}`)"),
    ).toEqual(['{number of messages} wait', '{number of messages} wait: {reason}'])
  })

  test('are not what a database, the model or another document reads', () => {
    expect(of("db.query('SELECT one FROM message WHERE id = ?')")).toEqual([])
    expect(of("tool({ description: 'Answers a message here.', text: 'but this one is' })")).toEqual([
      'but this one is',
    ])
    expect(of("z.string().describe('what the text is')")).toEqual([])
    expect(of("import a from 'not a sentence'\n// it is a comment\nconst b = /it is a pattern/")).toEqual([])
  })
})
