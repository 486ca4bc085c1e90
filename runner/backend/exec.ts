/** Answers with a command of the user: the text of the message on its standard input, the answer on its standard output. */
import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import type { Environment } from '../../member/settings/config.ts'
import type { Backend, Request } from './backend.ts'
import { aboutMessage } from './child-environment.ts'
import { duration, filled, flag, type GivenOptions, readOptions } from './options.ts'
import { runProgram } from './program.ts'

export interface ProgramSurroundings {
  /** Without secrets. */
  readonly environment: Environment
  /** For what must be known again after a restart. */
  readonly stateFolder: string
  readonly log: (line: string) => void
  /** For what may repeat a message. */
  readonly debug: (line: string) => void
  readonly warn: (sentence: string) => void
  readonly clock: Clock
}

export const MAX_OUTPUT_BYTES = 1024 * 1024

const OPTIONS = {
  cmd: filled,
  format: z.enum(['text', 'json'], 'must be text or json').default('text'),
  timeout: duration.default(60_000),
  pass_meta: flag.default(true),
}

/** @throws OptionError */
export function execBackend(
  given: GivenOptions,
  { environment, stateFolder, log, warn, clock }: ProgramSurroundings,
): Backend {
  const { cmd, format, timeout, pass_meta } = readOptions('exec', given, OPTIONS, warn)
  return {
    name: 'exec',
    runtime: { capabilities: {} },
    async answer(request, signal) {
      const text = await runProgram({
        argv: ['/bin/sh', '-c', cmd],
        environment: pass_meta ? { ...environment, ...aboutMessage(request) } : environment,
        input: format === 'json' ? requestLine(request) : request.text,
        folder: stateFolder,
        timeoutMs: timeout,
        maxOutputBytes: MAX_OUTPUT_BYTES,
        signal,
        log,
        clock,
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
