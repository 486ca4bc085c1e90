/** The composer: text and files for one agent at a time. Each agent keeps its unsent text. */

const byId = (id) => document.getElementById(id)

export class Composer {
  #agent
  #texts = new Map()
  /** The message id and staged files of an unsent message; a second try uses the same. */
  #draft
  #sending = false
  #deliver

  /**
   * @param deliver called with the agent, the draft, the text and the files; resolves to whether they were
   *   sent
   */
  constructor(deliver) {
    this.#deliver = deliver
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
    byId('text').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      byId('composer').requestSubmit()
    })
    // A new text needs a new id: under the old one the platform would keep the old text.
    byId('text').addEventListener('input', () => {
      if (this.#draft !== undefined) this.#draft.id = newUuid()
    })
    byId('files').addEventListener('change', () => {
      this.#draft = undefined
      this.#showAttached()
    })
  }

  /** Switches to another agent. Attached files are dropped, since they are staged for one agent. */
  switchTo(agent) {
    if (this.#agent !== undefined) this.#texts.set(this.#agent, byId('text').value)
    this.#agent = agent
    byId('text').value = this.#texts.get(agent) ?? ''
    this.#forgetFiles()
    this.#showReady()
    // On a touch screen, focus would open the keyboard over the conversation.
    if (matchMedia('(pointer: fine)').matches) byId('text').focus()
  }

  async #send() {
    const agent = this.#agent
    const text = byId('text').value
    const files = [...byId('files').files]
    if (this.#sending || agent === undefined || (text.trim() === '' && files.length === 0)) return
    this.#draft ??= { id: newUuid() }
    const draft = this.#draft
    this.#sending = true
    this.#showReady()
    const sent = await this.#deliver(agent, draft, text, files)
    this.#sending = false
    this.#showReady()
    if (!sent) return
    if (agent !== this.#agent) {
      this.#texts.delete(agent)
      return
    }
    this.#forgetFiles()
    byId('text').value = ''
  }

  #forgetFiles() {
    this.#draft = undefined
    byId('files').value = ''
    this.#showAttached()
  }

  #showReady() {
    byId('text').disabled = this.#agent === undefined
    byId('text').readOnly = this.#sending
    byId('send').disabled = byId('files').disabled = this.#sending || this.#agent === undefined
  }

  #showAttached() {
    const names = [...byId('files').files].map((file) => file.name)
    byId('attached').textContent = names.length === 0 ? 'Attach files' : `${names.length} attached`
    byId('attach').title = names.join('\n')
  }
}

/** `crypto.randomUUID` is missing outside secure contexts. */
function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
