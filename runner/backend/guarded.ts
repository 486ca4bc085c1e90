/**
 * A backend whose answers and failures hold none of our secrets: a program can be talked into printing a file that holds
 * one, and a failure quotes its last words, which heartbeats pass on.
 */
import { describeError } from '../../base/errors.ts'
import type { SecretSearch } from '../../base/secret-search.ts'
import { type Backend, BackendFailure } from './backend.ts'

/** @param secrets finds those of this process, as of now. */
export function guarded(backend: Backend, secrets: () => SecretSearch): Backend {
  return {
    ...backend,
    async answer(request, signal) {
      const reply = await backend.answer(request, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        throw withoutSecret(error, secrets())
      })
      if (reply === undefined || !secrets().isIn(reply.text)) return reply
      throw new BackendFailure('Its answer holds a token of this program, which nobody else may have.')
    },
  }
}

function withoutSecret(error: unknown, secrets: SecretSearch): unknown {
  const { wedged, isFinal } = error instanceof BackendFailure ? error : {}
  const [said, state] = [error instanceof BackendFailure ? error.message : describeError(error), wedged ?? '']
  if (!secrets.isIn(said) && !secrets.isIn(state)) return error
  const sentence = 'It failed, and what it said of that holds a token of this program'
  return new BackendFailure(`${sentence}.`, {
    ...(wedged === undefined ? {} : { wedged: sentence }),
    ...(isFinal === undefined ? {} : { isFinal }),
  })
}
