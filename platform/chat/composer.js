/** The composer: text and files for one agent at a time. Each agent keeps its unsent text, also across a reload. */
import { Attachments } from './attachments.js'
import { keep, recall } from './kept.js'

const byId = (id) => document.getElementById(id)
/** Some browsers end a composition before they report the key that ended it, which then has this code. */
const COMPOSING = 229

export class Composer {
  #agent
  #send
  #attachments = new Attachments()

  /** @param send called with the agent, the text and the files */
  constructor(send) {
    this.#send = send
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit()
    })
    byId('text').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === COMPOSING) return
      // A keyboard on the screen has no other key for a new line.
      if (!hasKeyboard()) return
      event.preventDefault()
      byId('composer').requestSubmit()
    })
    byId('text').addEventListener('input', () => {
      keep(`draft-${this.#agent}`, byId('text').value || undefined)
      fit()
    })
  }

  /** @param name of the agent; undefined closes the composer */
  switchTo(agent, name) {
    byId('composer').hidden = agent === undefined
    if (agent === this.#agent || agent === undefined) return
    this.#agent = agent
    this.#attachments.switchTo(agent)
    byId('text').value = recall(`draft-${agent}`, '')
    byId('text').placeholder = `Message ${name}`
    fit()
    // On a touch screen, focus would open the keyboard over the conversation.
    if (hasKeyboard()) byId('text').focus()
  }

  #submit() {
    const text = byId('text').value
    if (this.#agent === undefined || (text.trim() === '' && this.#attachments.files.length === 0)) return
    byId('text').value = ''
    keep(`draft-${this.#agent}`, undefined)
    fit()
    this.#send(this.#agent, text, this.#attachments.take())
  }
}

function hasKeyboard() {
  return matchMedia('(pointer: fine)').matches
}

/** The box is as high as its text, up to what its style allows. */
function fit() {
  const box = byId('text')
  box.style.height = 'auto'
  box.style.height = `${box.scrollHeight + 2}px`
}
