/**
 * What others wrote, as elements to read: names without tricks, code in blocks of its own. All of it is
 * inserted as text, so markup in a message stays visible markup.
 */
import { textOf } from '../contract/a2a-parts.js'

/** Control characters and bidirectional marks, which could make `gpj.exe` read as `exe.jpg`. */
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A name that is safe to show among our own words. */
export function plainName(name) {
  return textOf(name).replace(TRICKS, ' ').trim()
}

const FENCE = /^ {0,3}```.*$/

/**
 * Splits a text at its fenced code blocks. An unclosed fence runs to the end.
 *
 * @returns {{code: boolean, text: string}[]}
 */
export function blocksOf(text) {
  const blocks = []
  let lines = []
  let code = false
  const close = () => {
    const joined = lines.join('\n')
    if (joined.trim() !== '') blocks.push({ code, text: code ? joined : joined.replace(/^\n+|\n+$/g, '') })
    lines = []
  }
  for (const line of text.split('\n')) {
    if (!FENCE.test(line)) lines.push(line)
    else {
      close()
      code = !code
    }
  }
  close()
  return blocks
}

export function bodyElement(text) {
  const body = element('div', 'body')
  for (const block of blocksOf(text)) {
    const made = element(block.code ? 'pre' : 'p', '', block.text)
    made.dir = block.code ? 'ltr' : 'auto'
    // A wide block scrolls, which must work without a mouse.
    if (block.code) made.tabIndex = 0
    body.append(made)
  }
  return body
}

export function element(name, className, text = '') {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}
