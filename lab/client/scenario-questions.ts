/** Questions that a model asks the person, and what the person's page learns of each message. */
import { match, strictEqual } from 'node:assert/strict'
import { ALL_TOOLS, REPLY } from '../driver/client/plugin-tools.ts'
import { until } from '../driver/until.ts'
import type { Scenario } from './scenario.ts'

const ASK = `${ALL_TOOLS}__ask_person`
const TASK = 'Paint the door.'
const ANSWER = '[The person chose "blue" for your question "Which colour?".]'

const question: Scenario = {
  name: 'question',
  rule: 'a question waits for the person while the model goes on, and its answer opens a turn; the page learns that the task was seen, and answered',
  async play(stage) {
    const session = await stage.session({ channel: true, allow: ALL_TOOLS })
    session.model.hold()
    await stage.write(TASK)
    const asking = await session.model.nextTurn()
    asking.answer({ call: ASK, input: { title: 'Which colour?', choices: ['red', 'blue'] } })
    const asked = await session.model.nextTurn()
    match(asked.request.results.join('\n'), /The person is asked \(request_id \S+\)/)
    asked.answer({ say: 'I wait for the colour.' })
    await until('the receipt', async () => (await stage.receiptOf(TASK)) === 'seen')
    const id = await until('the question', async () => (await stage.questions())[0])
    await stage.answerQuestion(id, 'blue')
    const answered = await session.model.nextTurn()
    const [task, answer] = session.shown()
    strictEqual(answer?.text, ANSWER)
    strictEqual(answer.meta.kind, 'request_answer')
    strictEqual(answer.meta.request_id, id)
    strictEqual(answer.meta.choice, 'blue')
    answered.answer({ call: REPLY, input: { activity_id: task?.meta.activity_id, text: 'It is blue.' } })
    session.model.release()
    await until('the last receipt', async () => (await stage.receiptOf(TASK)) === 'answered')
    return 'the answer opened the next turn, and the page could show the task as seen and then as answered'
  },
}

export const questions: readonly Scenario[] = [question]
