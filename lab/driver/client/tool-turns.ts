/** Turns in which the model calls a tool of the plugin until something is so. */
import type { Answer, HeldTurn, ModelApi } from './model-api.ts'
import { shownIn } from './model-request.ts'
import { LOOK_AROUND, STATUS } from './plugin-tools.ts'

/** A tool call takes milliseconds: whatever needs more calls than this will not happen. */
const MAX_CALLS = 200

/**
 * In the next turn, has the model call `status` until the result matches.
 *
 * @returns the turn, waiting for its next answer.
 */
export async function untilStatus(model: ModelApi, says: RegExp): Promise<HeldTurn> {
  const turn = await model.nextTurn()
  return repeat(model, turn, { call: STATUS, input: {} }, `the status to say ${says}`, ({ request }) =>
    request.results.some((result) => says.test(result)),
  )
}

/**
 * Has the model call tools in a waiting turn until it is shown a message.
 *
 * @returns the same turn, waiting for its next answer.
 */
export function lookAroundUntilShown(model: ModelApi, turn: HeldTurn, text: string): Promise<HeldTurn> {
  return repeat(model, turn, LOOK_AROUND, `"${text}" to appear in the turn`, ({ request }) =>
    shownIn(request).some((shown) => shown.text === text),
  )
}

async function repeat(
  model: ModelApi,
  begin: HeldTurn,
  answer: Answer,
  what: string,
  done: (turn: HeldTurn) => boolean,
): Promise<HeldTurn> {
  let turn = begin
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    if (done(turn)) return turn
    turn.answer(answer)
    turn = await model.nextTurn()
  }
  throw new Error(`${MAX_CALLS} tool calls were not enough for ${what}`)
}
