// @bun
/**
 * An MCP server that only explains why the plugin cannot run. A process that ended instead would leave the user with a
 * failed server and no reason.
 */

/** The last revision whose handshake is `initialize`. */
const PROTOCOL = '2025-11-25'
const METHOD_NOT_FOUND = -32601
/** Characters of an incomplete line, far more than any request to this server needs. */
const MAX_REST_CHARS = 16 * 1024 * 1024

/**
 * @typedef {{ readonly problem: string, readonly version: string }} Explanation what to explain, as one sentence, and
 *   the version of the plugin
 */

/**
 * Answers the host until the end of input.
 *
 * @param {Explanation} explanation
 */
export function explain(explanation) {
  // Nobody reads stderr: the tool explains as well.
  process.stderr.on('error', () => undefined)
  process.stderr.write(`molecule channel: ${explanation.problem}\n`)
  let rest = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(0, MAX_REST_CHARS)
    for (const message of lines.flatMap(messagesIn)) {
      const answer = answerTo(message, explanation)
      if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
    }
  })
  const end = () => process.exit(0)
  process.stdin.on('end', end)
  process.stdin.on('close', end)
  process.stdout.on('error', end)
}

/**
 * The answer to one message of the host; undefined for a notification, or for what is no message.
 *
 * @param {unknown} message
 * @param {Explanation} explanation
 * @returns {object | undefined}
 */
function answerTo(message, explanation) {
  const id = field(message, 'id')
  const method = field(message, 'method')
  if ((typeof id !== 'string' && typeof id !== 'number') || typeof method !== 'string') return undefined
  const result = resultOf(method, field(message, 'params'), explanation)
  if (result !== undefined) return { jsonrpc: '2.0', id, result }
  return { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: 'Method not found' } }
}

/**
 * @param {string} method
 * @param {unknown} params
 * @param {Explanation} explanation
 * @returns {object | undefined}
 */
function resultOf(method, params, { problem, version }) {
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

/**
 * The plugin's prompt hook shows any failure to the person at every prompt, so it gets an empty answer.
 *
 * @param {unknown} name
 * @param {string} problem
 */
function called(name, problem) {
  if (name === 'channel_receipt') return { content: [{ type: 'text', text: '{}' }] }
  return { content: [{ type: 'text', text: problem }], isError: name !== 'status' }
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {unknown}
 */
function field(value, name) {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/**
 * One message, or those of a batch. Some hosts begin with a byte order mark, which is no JSON.
 *
 * @param {string} line
 * @returns {readonly unknown[]}
 */
function messagesIn(line) {
  try {
    return [JSON.parse(line.replace(/^\uFEFF/, ''))].flat()
  } catch {
    // Not JSON, so no request either.
    return []
  }
}
