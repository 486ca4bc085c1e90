/** The command line of `./molecule platform`, and its settings from the environment. Pure. */
import { parseArgs } from 'node:util'
import { errorText } from './base/text.ts'
import { CONTRACT_VERSIONS, type ContractVersion } from './contract/versions.ts'
import { isLoopback, listenHost, namedHost } from './http/origin.ts'

export interface Arguments {
  readonly port: number
  readonly host: string
  /** Undefined for the default file in the user's data folder. */
  readonly db: string | undefined
  readonly adminToken: string | undefined
  /** Host names that the operator vouches for, besides this machine's own. */
  readonly allowedHosts: readonly string[]
  readonly contract: ContractVersion
  /** Requests per minute and caller; 0 for no limit. */
  readonly rateLimit: number
  /**
   * Milliseconds without a heartbeat until an external agent counts as gone; undefined for the contract's.
   */
  readonly staleAfterMs: number | undefined
  /** Milliseconds until a workspace that was never provisioned counts as failed; undefined for the contract's. */
  readonly provisionTimeoutMs: number | undefined
  /** Whether to write one JSON line per request to stderr. */
  readonly requestLog: boolean
}

type ParsedArguments =
  | { readonly kind: 'run'; readonly arguments: Arguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly message: string }

type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 8080
const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_RATE_LIMIT = 600

export const HELP = `Usage: ./molecule platform [options]

Runs a Molecule platform on this machine: one process, one SQLite file, with a web chat.

  --port N          TCP port (default ${DEFAULT_PORT}; 0 takes a free one)
  --db FILE         SQLite file, or :memory: (default: molecule-platform/platform.db in the user's data folder)
  --host H          address to listen on (default ${DEFAULT_HOST}); any other needs an operator token
  --allow-host H    host name by which a tunnel, proxy or container reaches the platform; may be repeated
  --admin-token T   operator token, at least 16 characters (default: a new one at each start). Other users of this
                    machine can see it in the process list; set MOLECULE_ADMIN_TOKEN to hide it from them
  --contract V      wire contract to speak: v0, v1 or v2 (default v2)
  --rate-limit N    requests per minute and caller (default ${DEFAULT_RATE_LIMIT}; 0 for no limit)
  --request-log     write one JSON line per request to stderr
  --help            show this text

Environment:
  MOLECULE_ADMIN_TOKEN          operator token, unless --admin-token is given
  MOLECULE_DEPLOY_MODE          self-hosted or saas: how strictly push URLs are checked
  MOLECULE_ORG_ID               when set without a deploy mode, the mode is saas
  REMOTE_LIVENESS_STALE_AFTER   seconds without a heartbeat until an external agent counts as gone
  PROVISION_TIMEOUT_SECONDS     seconds until a managed workspace that never starts counts as failed

White space around a value is ignored, and an empty value counts as not set.
`

const MIN_ADMIN_TOKEN = 16

/** A value that cannot be used. Its message is the sentence for the person. */
class Unusable extends Error {}

export function parseArguments(argv: readonly string[], environment: Environment = {}): ParsedArguments {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS })
    if (values.help === true) return { kind: 'help' }
    return { kind: 'run', arguments: chosen(values, environment) }
  } catch (error) {
    if (!(error instanceof Unusable) && !isUnknownOption(error)) throw error
    return { kind: 'invalid', message: errorText(error).replace(/\.?$/, '.') }
  }
}

const OPTIONS = {
  port: { type: 'string' },
  db: { type: 'string' },
  host: { type: 'string' },
  'admin-token': { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  contract: { type: 'string' },
  'rate-limit': { type: 'string' },
  'request-log': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

function chosen(values: Values, environment: Environment): Arguments {
  const adminToken = operatorToken(values, environment)
  const host = listenHost(given(values.host) ?? DEFAULT_HOST)
  if (!isLoopback(host) && adminToken === undefined) {
    throw new Unusable(
      `--host ${shown(host)} lets other machines connect, so it needs an operator token: set MOLECULE_ADMIN_TOKEN or --admin-token.`,
    )
  }
  return {
    port: number(values, 'port', DEFAULT_PORT, 65_535, 'a whole number from 0 to 65535'),
    host,
    db: given(values.db),
    adminToken,
    allowedHosts: allowedHosts(values['allow-host'] ?? []),
    contract: contractVersion(given(values.contract) ?? 'v2'),
    rateLimit: number(
      values,
      'rate-limit',
      DEFAULT_RATE_LIMIT,
      999_999_999,
      'a whole number; 0 means no limit',
    ),
    staleAfterMs: seconds(environment, 'REMOTE_LIVENESS_STALE_AFTER'),
    provisionTimeoutMs: seconds(environment, 'PROVISION_TIMEOUT_SECONDS'),
    requestLog: values['request-log'] === true,
  }
}

/** A value without the blanks around it; undefined when nothing is left, as when a shell variable was empty. */
export function given(value: string | undefined): string | undefined {
  return value?.trim() || undefined
}

function number(
  values: Values,
  name: 'port' | 'rate-limit',
  fallback: number,
  most: number,
  rule: string,
): number {
  const text = given(values[name])
  if (text === undefined) return fallback
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text)
  throw new Unusable(`--${name} is ${shown(text)}; it must be ${rule}.`)
}

function seconds(environment: Environment, name: string): number | undefined {
  const text = given(environment[name])
  if (text === undefined) return undefined
  if (/^0*[1-9]\d{0,8}$/.test(text)) return Number(text) * 1000
  throw new Unusable(`${name} is ${shown(text)}; it must be a whole number of seconds, at least 1.`)
}

function contractVersion(text: string): ContractVersion {
  const version = CONTRACT_VERSIONS.find((known) => known === text.toLowerCase())
  if (version !== undefined) return version
  throw new Unusable(`--contract is ${shown(text)}; it must be one of ${CONTRACT_VERSIONS.join(', ')}.`)
}

/** The sentence never holds the token. */
function operatorToken(values: Values, environment: Environment): string | undefined {
  const option = given(values['admin-token'])
  const token = option ?? given(environment.MOLECULE_ADMIN_TOKEN)
  if (token === undefined || (token.length >= MIN_ADMIN_TOKEN && /^[\x21-\x7e]+$/.test(token))) return token
  const setting = option === undefined ? 'MOLECULE_ADMIN_TOKEN' : '--admin-token'
  throw new Unusable(
    `${setting} must be at least ${MIN_ADMIN_TOKEN} printable ASCII characters without spaces.`,
  )
}

/** People paste what the tunnel shows them: an address, a port, several names. Only the host name counts. */
function allowedHosts(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.split(/[\s,]+/))
    .filter((text) => text !== '')
    .map((text) => {
      const host = namedHost(text)
      if (host !== undefined) return host
      throw new Unusable(
        `--allow-host is ${shown(text)}; it must be one host name in full, such as chat.example.com.`,
      )
    })
}

function isUnknownOption(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

/** A value as a sentence may quote it. */
function shown(text: string): string {
  return /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text)
}
