/** Answers with a command of the user: the text of the message on its standard input, the answer on its standard output. */
import { z } from 'zod'
import type { Backend, Request } from './backend.ts'
import { duration, filled, flag, type GivenOptions, readOptions } from './options.ts'
import { callProgram, type ProgramSurroundings } from './program-call.ts'

const OPTIONS = {
  cmd: filled,
  format: z.enum(['text', 'json'], 'must be text or json').default('text'),
  timeout: duration.default(60_000),
  pass_meta: flag.default(true),
}

/** @throws OptionError */
export function execBackend(given: GivenOptions, surroundings: ProgramSurroundings): Backend {
  const { log, warn } = surroundings
  const { cmd, format, ...options } = readOptions('exec', given, OPTIONS, warn)
  return {
    name: 'exec',
    runtime: { capabilities: {} },
    async answer(request, signal) {
      const text = await callProgram(surroundings, options, {
        argv: ['/bin/sh', '-c', cmd],
        request,
        input: format === 'json' ? requestLine(request) : request.text,
        signal,
        log,
      })
      // Most commands end their output with a line break that is no part of what they say.
      return { text: text.replace(/\r?\n$/, '') }
    },
    close: async () => {},
  }
}

/** The whole request as one line of JSON, with the names that A2A and the platform's API use. */
function requestLine(request: Request): string {
  return `${JSON.stringify({
    workspace_id: request.workspaceId,
    activity_id: request.activityId,
    idempotency_key: request.idempotencyKey,
    kind: request.kind,
    peer_id: request.peerId,
    peer_name: request.peerName,
    peer_role: request.peerRole,
    user_name: request.userName,
    authenticated: request.authenticated,
    context_id: request.contextId,
    task_id: request.taskId,
    method: request.method,
    text: request.text,
    files: request.files.map(({ name, mimeType, path, uri, error }) => ({
      name,
      mime_type: mimeType,
      path,
      uri,
      error,
    })),
    redelivered: request.redelivered,
  })}\n`
}
