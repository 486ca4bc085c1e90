/** Whether the settings say which workspaces are meant, where each value comes from, and what has no effect. */
import { plainText } from '../../base/plain-text.ts'
import { counted } from '../../base/plural.ts'
import type { Target } from '../settings/config.ts'
import { describeOrigin, type SettingOrigin } from '../settings/setting-origins.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

export interface SettingsFacts {
  /** Sentences, each with its remedy behind a colon. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** The workspaces that are meant; empty if and only if there is a problem. */
  readonly targets: readonly Target[]
  readonly origins: readonly SettingOrigin[]
  readonly envFile: string
}

const MAX_LISTED = 20

/** The settings, and one check for what is set without effect. */
export function settingsChecks(facts: SettingsFacts): readonly Check[] {
  const settings: Check = { name: 'settings', needs: [], probe: () => judgeSettings(facts) }
  if (facts.warnings.length === 0) return [settings]
  return [settings, { name: 'without effect', needs: [], probe: () => judgeWarnings(facts) }]
}

/** Pure. */
function judgeSettings({ problems, targets, origins, envFile }: SettingsFacts): Outcome {
  const details = origins
    .slice(0, MAX_LISTED)
    .map((origin) => describeOrigin(origin, plainText(envFile, 500)))
  const [first, ...more] = problems
  if (first !== undefined) {
    const { says, remedy } = inTwo(first, `Correct ${envFile}`)
    return { ...fail(says, remedy), details: [...more, ...details] }
  }
  const platforms = [...new Set(targets.map(({ platformUrl }) => platformUrl))]
  return ok(`${counted(targets.length, 'workspace')} on ${platforms.join(', ')}`, details)
}

/** Pure. */
function judgeWarnings({ warnings, envFile }: SettingsFacts): Outcome {
  const [first = '', ...more] = warnings
  const { says, remedy } = inTwo(first, `Correct ${envFile}`)
  return { ...warn(says, remedy), details: more }
}

/** What is wrong, and what to do: the words behind the first colon that something follows. */
function inTwo(sentence: string, otherwise: string): { readonly says: string; readonly remedy: string } {
  const text = sentence.replace(/\.$/, '')
  const at = text.lastIndexOf(': ')
  if (at < 0) return { says: text, remedy: otherwise }
  const remedy = text.slice(at + 2)
  return { says: text.slice(0, at), remedy: remedy.charAt(0).toUpperCase() + remedy.slice(1) }
}
