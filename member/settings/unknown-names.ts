/** Settings that nobody reads: a name that is spelled wrong does nothing, and nothing else would say so. Pure. */
import { parseEnv } from 'node:util'
import { plainText } from '../../base/plain-text.ts'
import type { Environment } from './settings.ts'

/** All settings of this program. A test holds that these are the ones that are read. */
export const SETTING_NAMES: readonly string[] = [
  'MOLECULE_STATE_DIR',
  'MOLECULE_PLATFORM_URL',
  'MOLECULE_PLATFORM_URLS',
  'MOLECULE_WORKSPACE_IDS',
  'MOLECULE_WORKSPACE_TOKENS',
  'MOLECULE_WORKSPACES_JSON',
  'MOLECULE_POLL_INTERVAL_MS',
  'MOLECULE_POLL_WINDOW_SECS',
  'MOLECULE_HEARTBEAT_INTERVAL_MS',
  'MOLECULE_AGENT_NAME',
  'MOLECULE_AGENT_DESC',
  'MOLECULE_AUTO_REGISTER_POLL',
  'MOLECULE_ORG_ID',
  'MOLECULE_ATTACHMENT_MAX_MB',
  'MOLECULE_ATTACHMENT_ROOTS',
  'MOLECULE_ALLOWED_SENDERS',
  'MOLECULE_PERMISSION_RELAY',
  'MOLECULE_CHANNEL',
  'MOLECULE_LOG_LEVEL',
]

/** Of the platform, which may have been started from the same shell. */
const OTHER_PROGRAMS = /^MOLECULE_(ADMIN_TOKEN|DEPLOY_MODE|CONTRACT_.*)$/
const MAX_NAMED = 8

/** A sentence for the environment and one for the file, where they have such names. */
export function unknownNameWarnings(
  environment: Environment,
  envFileText: string | undefined,
): readonly string[] {
  const inEnvironment = Object.keys(environment).filter((name) => !OTHER_PROGRAMS.test(name))
  const inFile = envFileText === undefined ? [] : Object.keys(parseEnv(envFileText))
  return [
    ...warning('The environment', inEnvironment.filter(isUnknown)),
    ...warning('The .env file', inFile.filter(isUnknown)),
  ]
}

function isUnknown(name: string): boolean {
  return name.startsWith('MOLECULE_') && !SETTING_NAMES.includes(name)
}

function warning(where: string, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const shown = names.slice(0, MAX_NAMED).map((name) => {
    const meant = SETTING_NAMES.find((known) => known.startsWith(name) || name.startsWith(known))
    return `${plainText(name, 60)}${meant === undefined ? '' : ` (is ${meant} meant?)`}`
  })
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : []
  const [are, it] = names.length === 1 ? ['is no setting', 'it'] : ['are no settings', 'them']
  return [
    `${where} sets ${[...shown, ...more].join(', ')}, which ${are} of this plugin: correct or remove ${it}.`,
  ]
}
