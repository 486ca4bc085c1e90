import { expect, test } from 'bun:test'
import { judgeAnswers } from '../../lab/judge/answers.ts'

const QUESTIONS = ['a', 'b', 'c'].map((name) => ({ name, answerId: `id of ${name}` }))
const answer = (name: string, messageId = `id of ${name}`) => ({ messageId, text: name })

function kindsOf(...answers: readonly ReturnType<typeof answer>[]): readonly string[] {
  return judgeAnswers(QUESTIONS, answers).map(({ kind }) => kind)
}

test('one answer to each message, in order, is no fault', () => {
  expect(kindsOf(answer('a'), answer('b'), answer('c'))).toEqual([])
})

test('a message without an answer, one with two and one answered too late are a fault each', () => {
  expect(kindsOf(answer('a'), answer('c'))).toEqual(['unanswered'])
  expect(kindsOf(answer('a'), answer('b'), answer('a'), answer('c'))).toEqual(['answered twice'])
  expect(kindsOf(answer('a'), answer('c'), answer('b'))).toEqual(['answered out of order'])
})

test('an answer under an unknown id is a fault, and so is one that says something else', () => {
  expect(kindsOf(answer('a'), answer('b'), answer('c'), answer('a', 'another id'))).toEqual(['wrong answer'])
  expect(kindsOf(answer('a'), answer('b'), answer('a', 'id of c'))).toEqual(['wrong answer'])
})
