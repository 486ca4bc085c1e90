/**
 * What others wrote, as elements to read: names without tricks, and Markdown without markup of its own.
 */
import DOMPurify from '../../node_modules/dompurify/dist/purify.es.mjs'
import { textOf } from '../contract/a2a-parts.js'
import { markdownToHtml } from './markdown.js'

/** Control characters and bidirectional marks, which could make `gpj.exe` read as `exe.jpg`. */
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A name that is safe to show among our own words. */
export function plainName(name) {
  return textOf(name).replace(TRICKS, ' ').trim()
}

/** Without classes, ids and styles: no message can look like a part of the page. */
const ALLOWED = {
  ALLOWED_TAGS:
    'a b blockquote br code del em figcaption figure h3 h4 h5 hr i li ol p pre small strong table tbody td th thead tr ul'.split(
      ' ',
    ),
  ALLOWED_ATTR: ['href', 'start', 'align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
}
const COPIED_MS = 2_000

export function bodyElement(text) {
  const body = element('div', 'body')
  const html = markdownToHtml(text)
  if (html === undefined) {
    const plain = element('p', 'plain', text)
    plain.dir = 'auto'
    body.append(plain)
    return body
  }
  body.append(DOMPurify.sanitize(html, ALLOWED))
  for (const link of body.querySelectorAll('a')) {
    link.target = '_blank'
    link.rel = 'noopener noreferrer nofollow'
  }
  for (const block of body.querySelectorAll('p, li, h3, h4, h5, td, th')) block.dir = 'auto'
  for (const heading of body.querySelectorAll('h3, h4, h5')) heading.ariaLevel = '2'
  for (const figure of body.querySelectorAll('figure')) completeCode(figure)
  for (const table of body.querySelectorAll('table')) {
    const frame = element('div', 'table')
    table.replaceWith(frame)
    frame.append(table)
    scrollable(frame, 'Table')
  }
  return body
}

function completeCode(figure) {
  figure.className = 'code'
  const [caption, block] = figure.children
  block.dir = 'ltr'
  scrollable(block, 'Code')
  const copy = copyButton('Copy', () => block.textContent)
  copy.ariaLabel = 'Copy this code'
  caption.append(copy)
}

/** A button that puts a text on the clipboard, and says so. */
export function copyButton(label, textNow) {
  const button = element('button', 'copy', label)
  button.type = 'button'
  button.addEventListener('click', async () => {
    // Missing where the page came over http from another machine.
    const copied = await navigator.clipboard?.writeText(textNow()).then(
      () => true,
      () => false,
    )
    button.textContent = copied ? 'Copied' : 'Select and copy it by hand'
    setTimeout(() => {
      button.textContent = label
    }, COPIED_MS)
  })
  return button
}

/** What is wide scrolls, which must work without a mouse. */
function scrollable(block, label) {
  block.tabIndex = 0
  block.role = 'group'
  block.ariaLabel = label
}

export function element(name, className, text = '') {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}
