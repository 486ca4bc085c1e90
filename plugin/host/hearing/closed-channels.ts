/**
 * Variables with which Claude Code opens no channel, whatever its command line asks for: those that keep it from
 * fetching feature flags, and those that choose another provider. It passes its environment on, its settings' `env`
 * included. Pure.
 */

type Environment = Readonly<Record<string, string | undefined>>

/** Any text counts, `0` included. */
const NO_TELEMETRY = ['DISABLE_TELEMETRY', 'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC'] as const
const NO_TRACKING = 'DO_NOT_TRACK'
/** With it, the saved flags are read while telemetry is off. */
const SAVED_FLAGS = 'CLAUDE_CODE_GB_DISK_CACHE_WHEN_TELEMETRY_OFF'
const NO_FLAGS = ['DISABLE_GROWTHBOOK', 'CLAUDE_CODE_DISABLE_FEATURE_FLAGS'] as const
const PROVIDERS = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_USE_ANTHROPIC_AWS',
  'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD',
  'CLAUDE_CODE_USE_MANTLE',
  'CLAUDE_CODE_USE_GATEWAY',
] as const

/** @returns the name of one that closes channels, undefined when none is set. */
export function closedBy(environment: Environment): string | undefined {
  const isOn = (name: string): boolean => /^(?:1|true|yes|on)$/i.test(environment[name]?.trim() ?? '')
  const provider = [...NO_FLAGS, ...PROVIDERS].find(isOn)
  if (provider !== undefined || isOn(SAVED_FLAGS)) return provider
  return NO_TELEMETRY.find((name) => (environment[name] ?? '') !== '') ?? [NO_TRACKING].find(isOn)
}
