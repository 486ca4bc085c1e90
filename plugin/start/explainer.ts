/**
 * An MCP server that only explains why the plugin cannot run. A process that ended instead would leave the user with a
 * failed server and no reason.
 */

/** The last revision whose handshake is `initialize`. */
const PROTOCOL = '2025-11-25'
const METHOD_NOT_FOUND = -32601
/** Characters of an incomplete line, far more than any request to this server needs. */
const MAX_REST_CHARS = 16 * 1024 * 1024

/** What to explain, as one sentence, and the version of the plugin. */
export interface Explanation {
  readonly problem: string
  readonly version: string
}

/** Answers the host until the end of input. */
export function explain(explanation: Explanation): void {
  // Nobody reads stderr: the tool explains as well.
  process.stderr.on('error', () => undefined)
  process.stderr.write(`molecule channel: ${explanation.problem}\n`)
  let rest = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(0, MAX_REST_CHARS)
    for (const line of lines) {
      const answer = answerTo(parse(line), explanation)
      if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
    }
  })
  const end = (): void => process.exit(0)
  process.stdin.on('end', end)
  process.stdin.on('close', end)
  process.stdout.on('error', end)
}

/** The answer to one message of the host; undefined for a notification, or for what is no message. */
function answerTo(message: unknown, explanation: Explanation): object | undefined {
  const id = field(message, 'id')
  const method = field(message, 'method')
  if ((typeof id !== 'string' && typeof id !== 'number') || typeof method !== 'string') return undefined
  const result = resultOf(method, field(message, 'params'), explanation)
  if (result !== undefined) return { jsonrpc: '2.0', id, result }
  return { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: 'Method not found' } }
}

function resultOf(method: string, params: unknown, { problem, version }: Explanation): object | undefined {
  if (method === 'initialize') {
    return {
      protocolVersion: PROTOCOL,
      capabilities: { tools: {} },
      serverInfo: { name: 'molecule', title: 'Molecule channel', version },
      instructions: problem,
    }
  }
  if (method === 'ping') return {}
  if (method === 'tools/list') {
    return {
      tools: [{ name: 'status', title: 'Status', description: problem, inputSchema: { type: 'object' } }],
    }
  }
  if (method === 'tools/call') return called(field(params, 'name'), problem)
  return undefined
}

/** The prompt hook of the plugin shows what fails to the person at every prompt, so it gets an empty answer. */
function called(name: unknown, problem: string): object {
  if (name === 'channel_receipt') return { content: [{ type: 'text', text: '{}' }] }
  return { content: [{ type: 'text', text: problem }], isError: name !== 'status' }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Not JSON, so no request either.
    return undefined
  }
}
