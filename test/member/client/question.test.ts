import { expect, test } from 'bun:test'
import { endsInQuestion } from '../../../member/client/question.ts'

test('a text that ends in a question mark asks, in any script and whatever follows the mark', () => {
  const questions = [
    'Which branch do you mean?',
    'どのブランチですか？',
    'أي فرع تقصد؟',
    'Ποιον κλάδο εννοείς;',
    'I found two. "Which one?"\n',
    '**Main or dev?** 🙂',
    'Which one do you mean (main or dev)?)',
  ]
  expect(questions.filter((text) => !endsInQuestion(text))).toEqual([])
})

test('a text that ends in a statement does not ask', () => {
  const statements = [
    '',
    'Done.',
    'You asked "which branch?": main.',
    'https://example.com/?',
    'const a = 1;\n```',
    'It is main. 👍🏽 🇩🇪',
    'You asked: main or dev? It is main.\n\n— Ada',
    'The result is below.\n-- \nAda',
  ]
  expect(statements.filter(endsInQuestion)).toEqual(['https://example.com/?'])
})

test('a long text is judged by its end, and at once', () => {
  expect(endsInQuestion(`${' '.repeat(1_000_000)}x`)).toBeFalse()
  expect(endsInQuestion(`x${' '.repeat(1_000_000)}?`)).toBeTrue()
})
