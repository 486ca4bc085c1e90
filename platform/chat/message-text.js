/**
 * What others wrote, as elements to read: names without tricks, code in blocks of its own. Every text goes in
 * as text, so that markup in a message stays markup to read.
 */

/** Controls, and the marks that turn the direction of what follows: `gpj.exe` must not read as `exe.jpg`. */
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A name as it may stand among words of our own. */
export function plainName(name) {
  return String(name).replace(TRICKS, ' ').trim()
}

const FENCE = /^ {0,3}```.*$/

/**
 * Splits a text at its fenced code blocks. A fence that is never closed goes on to the end.
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
    // What is wider than the bubble is scrolled, which must be possible without a mouse.
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
