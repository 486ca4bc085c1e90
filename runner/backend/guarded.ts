/** A backend whose answers hold none of our secrets: a program can be talked into printing a file that holds one. */
import type { SecretSearch } from '../../base/secret-search.ts'
import { type Backend, BackendFailure } from './backend.ts'

/** @param secrets finds those of this process, as of now. */
export function guarded(backend: Backend, secrets: () => SecretSearch): Backend {
  return {
    ...backend,
    async answer(request, signal) {
      const reply = await backend.answer(request, signal)
      if (reply === undefined || !secrets().isIn(reply.text)) return reply
      throw new BackendFailure('Its answer holds a token of this program, which nobody else may have.')
    },
  }
}
