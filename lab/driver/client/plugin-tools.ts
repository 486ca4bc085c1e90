/** The plugin's tools as the model calls them. */
import type { Answer, HeldTurn, ModelApi } from './model-api.ts'
import { shownIn } from './model-request.ts'

/** All of them, in a rule of permission. */
export const ALL_TOOLS = 'mcp__plugin_molecule_molecule'
export const REPLY = `${ALL_TOOLS}__reply_to_workspace`
export const STATUS = `${ALL_TOOLS}__status`
/** Calls a tool that changes nothing. */
export const LOOK_AROUND: Answer = { call: `${ALL_TOOLS}__list_peers`, input: {} }

/** A tool call takes a few milliseconds; what takes so many of them will not come. */
const MAX_CALLS = 200

/**
 * Lets the model look at the plugin's status, in the next turn, until it says so.
 *
 * @returns the turn, which waits for its next answer.
 */
export async function untilStatus(model: ModelApi, says: RegExp): Promise<HeldTurn> {
  const turn = await model.nextTurn()
  return repeat(model, turn, { call: STATUS, input: {} }, `the status to say ${says}`, ({ request }) =>
    request.results.some((result) => says.test(result)),
  )
}

/**
 * Lets the model look around, in a turn that waits for an answer, until it has been given a message.
 *
 * @returns the same turn, which waits for its next answer.
 */
export function lookAroundUntilShown(model: ModelApi, turn: HeldTurn, text: string): Promise<HeldTurn> {
  return repeat(model, turn, LOOK_AROUND, `"${text}" to come into the turn`, ({ request }) =>
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
