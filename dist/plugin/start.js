// @bun
// package.json
var version = "0.1.0";
var engines = {
  bun: ">=1.4.3"
};

// plugin/start/explainer.js
var PROTOCOL = "2025-11-25";
var METHOD_NOT_FOUND = -32601;
var MAX_REST_CHARS = 16 * 1024 * 1024;
function explain(explanation) {
  process.stderr.on("error", () => {
    return;
  });
  process.stderr.write(`molecule channel: ${explanation.problem}
`);
  let rest = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text) => {
    const lines = (rest + text).split(`
`);
    rest = (lines.pop() ?? "").slice(0, MAX_REST_CHARS);
    for (const message of lines.flatMap(messagesIn)) {
      const answer = answerTo(message, explanation);
      if (answer !== undefined)
        process.stdout.write(`${JSON.stringify(answer)}
`);
    }
  });
  const end = () => process.exit(0);
  process.stdin.on("end", end);
  process.stdin.on("close", end);
  process.stdout.on("error", end);
}
function answerTo(message, explanation) {
  const id = field(message, "id");
  const method = field(message, "method");
  if (typeof id !== "string" && typeof id !== "number" || typeof method !== "string")
    return;
  const result = resultOf(method, field(message, "params"), explanation);
  if (result !== undefined)
    return { jsonrpc: "2.0", id, result };
  return { jsonrpc: "2.0", id, error: { code: METHOD_NOT_FOUND, message: "Method not found" } };
}
function resultOf(method, params, { problem, version }) {
  if (method === "initialize") {
    return {
      protocolVersion: PROTOCOL,
      capabilities: { tools: {} },
      serverInfo: { name: "molecule", title: "Molecule channel", version },
      instructions: problem
    };
  }
  if (method === "ping")
    return {};
  if (method === "tools/list") {
    return {
      tools: [{ name: "status", title: "Status", description: problem, inputSchema: { type: "object" } }]
    };
  }
  if (method === "tools/call")
    return called(field(params, "name"), problem);
  return;
}
function called(name, problem) {
  if (name === "channel_receipt")
    return { content: [{ type: "text", text: "{}" }] };
  return { content: [{ type: "text", text: problem }], isError: name !== "status" };
}
function field(value, name) {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
function messagesIn(line) {
  try {
    return [JSON.parse(line.replace(/^\uFEFF/, ""))].flat();
  } catch {
    return [];
  }
}

// plugin/start/requirement.js
function unmetRequirement(range, found) {
  const needed = range.replace(/^>=/, "");
  if (!isOlder(found.version, needed))
    return;
  return `The Molecule channel needs Bun ${needed} or newer, but was started with Bun ${found.version} (${found.path}): ` + "run `bun upgrade` (or `npm i -g bun@latest`), then start Claude Code again.";
}
function isOlder(version, than) {
  const ours = numbers(version);
  const theirs = numbers(than);
  const index = theirs.findIndex((part, at) => part !== ours[at]);
  return index !== -1 && (ours[index] ?? 0) < (theirs[index] ?? 0);
}
function numbers(version) {
  return (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

// plugin/start/main.js
var MAX_REASON_CHARS = 300;
function failedToLoad(error) {
  const [reason = ""] = String(error).split(`
`);
  return `The Molecule channel could not start (${reason.slice(0, MAX_REASON_CHARS)}): if its files are damaged or incomplete, ` + "install it again with `claude plugin install molecule@molecule-channel`; then start Claude Code again.";
}
async function load(bundle) {
  try {
    await import(new URL(bundle, import.meta.url).href);
    return;
  } catch (error) {
    return failedToLoad(error);
  }
}
var unmet = unmetRequirement(engines.bun, { version: Bun.version, path: process.execPath });
var isNotice = process.argv.includes("--notice");
var problem = unmet === undefined ? await load(isNotice ? "./notice.js" : "./server.js") : unmet;
if (problem !== undefined && isNotice)
  console.log(JSON.stringify({ systemMessage: problem }));
else if (problem !== undefined)
  explain({ problem, version });
