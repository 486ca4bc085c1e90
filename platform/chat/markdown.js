/**
 * Markdown to HTML text. Pure: what it returns is not trusted, and `message-text.js` sanitizes it. Markup in a message stays
 * visible markup, and a picture is a link, since showing it would tell its server who reads.
 */
import { Marked } from '../../node_modules/marked/lib/marked.esm.js'

/** Where a link may lead. Anything else stays text. */
const LINKS = /^(?:https?:\/\/|mailto:)/i

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)

/** @param inner HTML text of what the link shows */
function link(href, inner, shown) {
  if (!LINKS.test(href) || !URL.canParse(href)) return `${inner} (${escaped(href)})`
  const { host, pathname, protocol, href: address } = new URL(href)
  const anchor = `<a href="${escaped(address)}">${inner}</a>`
  // Words may claim another place than the link leads to.
  const place = protocol === 'mailto:' ? pathname : host
  return shown.includes(place) ? anchor : `${anchor} <small>(${escaped(place)})</small>`
}

const renderer = {
  html: ({ text }) => escaped(text),
  // The outline of the page ends above the messages, so that no message can look like a part of the page.
  heading({ depth, tokens }) {
    const name = `h${Math.min(depth + 2, 5)}`
    return `<${name}>${this.parser.parseInline(tokens)}</${name}>\n`
  },
  link({ href, text, tokens }) {
    return link(href, this.parser.parseInline(tokens), text)
  },
  image: ({ href, text }) => link(href, escaped(text || 'picture'), ''),
  checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  code({ text, lang = '' }) {
    const [language = ''] = lang.split(/\s/)
    return `<figure><figcaption>${escaped(language)}</figcaption><pre><code>${escaped(text)}</code></pre></figure>\n`
  },
}

const marked = new Marked({ gfm: true, breaks: true, async: false, renderer })

/** Longer texts, and lists and quotes in each other without end, would hold the page: they stay text. */
const MAX_CHARS = 30_000
const NESTED = /^[ \t]*(?:(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])[ \t]*){16}/m

/** @returns {string | undefined} undefined for a text that is better shown as it is */
export function markdownToHtml(text) {
  if (text.length > MAX_CHARS || NESTED.test(text)) return undefined
  try {
    return marked.parse(text)
  } catch {
    // A form that nobody has thought of runs into the limit of the stack.
    return undefined
  }
}
