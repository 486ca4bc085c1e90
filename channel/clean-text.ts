/**
 * A message's text made safe to show to a model, and otherwise left as it was written: code keeps its `<T>`.
 *
 * What goes: control characters and escape sequences, overrides of the reading direction, invisible tag characters.
 * What is broken: tags that the host or the model could take for its own, opening or closing, in any disguise of
 * case, spacing, width, invisible characters or look-alike letters. A backslash after the `<` is what the host itself
 * uses for that.
 */

/** Names of tags that mean something to the host or the model. */
const RESERVED = new Set([
  'channel',
  'system',
  'system-reminder',
  'system-prompt',
  'system-warning',
  'assistant',
  'human',
  'user',
  'user-prompt-submit-hook',
  'function-calls',
  'function-results',
  'function-result',
  'function',
  'functions',
  'invoke',
  'parameter',
  'tool-use',
  'tool-result',
  'tool-call',
  'thinking',
  'antml',
  'command-name',
  'command-message',
  'command-args',
  'command-contents',
  'local-command-stdout',
  'local-command-stderr',
  'bash-input',
  'bash-stdout',
  'bash-stderr',
  'new-diagnostics',
  'task-notification',
  'teammate-message',
  'env',
])

const ESCAPE_SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])?|\u009b[0-?]*[ -/]*[@-~]/g
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g
const INVISIBLE_TAGS = /[\u{e0000}-\u{e007f}]/gu

/** `<` or a look-alike, what may stand between it and a name, and the name as far as it could go. */
const TAG =
  /([<\u{ff1c}\u{fe64}\u{2039}\u{3008}\u{276e}\u{27e8}])([\s\p{Cf}\p{M}/\\\u{2044}\u{2215}\u{ff0f}\u{29f8}]*)([\p{L}\p{N}\p{Cf}\p{M}:_.\p{Pd}\u{2212}\u{ff3f}\u{203f}]+)/gu
const INVISIBLE = /[\p{Cf}\p{M}]/gu
const JOINER = /[_.:\p{Pd}\u{2212}\u{203f}]+/gu

/** Letters that look like another one and are not folded by Unicode's own normalisation. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  а: 'a', ɑ: 'a', α: 'a', с: 'c', ϲ: 'c', ԁ: 'd', ɗ: 'd', е: 'e', є: 'e', ε: 'e', ҽ: 'e', ɡ: 'g', ց: 'g',
  һ: 'h', հ: 'h', і: 'i', ι: 'i', ı: 'i', ɩ: 'i', ј: 'j', к: 'k', κ: 'k', ӏ: 'l', ⅼ: 'l', '1': 'l', ǀ: 'l',
  м: 'm', п: 'n', ո: 'n', ռ: 'n', η: 'n', о: 'o', ο: 'o', օ: 'o', '0': 'o', р: 'p', ρ: 'p', г: 'r',
  ѕ: 's', ꜱ: 's', т: 't', τ: 't', υ: 'u', ս: 'u', ʋ: 'u', ν: 'v', ѵ: 'v', ω: 'w', х: 'x', χ: 'x', у: 'y', γ: 'y',
} // biome-ignore format: a table reads better in rows

/** Makes a text from outside fit to be the content of a channel event. Cost is linear in its length. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(ESCAPE_SEQUENCE, '')
    .replace(CONTROL, '')
    .replace(DIRECTION, '')
    .replace(INVISIBLE_TAGS, '')
    .toWellFormed()
    .replace(TAG, (tag, open: string, between: string, name: string) =>
      isReserved(name) ? `${open}\\${between}${name}` : tag,
    )
}

/** True when a tag of this name, or one that only looks like it, is somebody else's to use. */
export function isReserved(name: string): boolean {
  const folded = name
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .toLowerCase()
    .replace(/[^a-z]/gu, (letter) => LOOK_ALIKES[letter] ?? letter)
    .replace(JOINER, '-')
    .replace(/^-+|-+$/g, '')
  if (RESERVED.has(folded)) return true
  // `antml:invoke`, `channel.x`: what stands before the first joint is the name that is claimed.
  const [first = ''] = folded.split('-')
  return folded !== first && (first === 'antml' || first === 'channel' || first === 'system')
}
