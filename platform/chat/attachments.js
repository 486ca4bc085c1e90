/** The files that will go with the next message: chosen, dropped or pasted, each listed and removable. */
import { element, plainName } from './message-text.js'

const byId = (id) => document.getElementById(id)

export class Attachments {
  /** By agent, since files are staged for one agent. */
  #files = new Map()
  #agent

  constructor() {
    byId('files').addEventListener('change', () => {
      this.#add(byId('files').files)
      byId('files').value = ''
    })
    byId('text').addEventListener('paste', (event) => {
      // A copied table comes as a picture, too: its words are meant.
      const { files, types } = event.clipboardData
      if (files.length === 0 || types.includes('text/plain')) return
      event.preventDefault()
      this.#add(files)
    })
    const area = byId('conversation')
    area.addEventListener('dragover', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return
      event.preventDefault()
      area.classList.add('dropping')
    })
    area.addEventListener('dragleave', (event) => {
      if (!area.contains(event.relatedTarget)) area.classList.remove('dropping')
    })
    area.addEventListener('drop', (event) => {
      area.classList.remove('dropping')
      if (event.dataTransfer.files.length === 0) return
      event.preventDefault()
      this.#add(event.dataTransfer.files)
    })
  }

  switchTo(agent) {
    this.#agent = agent
    this.#show()
  }

  get files() {
    return this.#files.get(this.#agent) ?? []
  }

  /** Hands over the files, and forgets them. */
  take() {
    const { files } = this
    this.#set([])
    return files
  }

  #add(files) {
    if (this.#agent !== undefined) this.#set([...this.files, ...files])
  }

  #set(files) {
    this.#files.set(this.#agent, files)
    this.#show()
  }

  #show() {
    const list = byId('attachments')
    list.hidden = this.files.length === 0
    list.replaceChildren(...this.files.map((file) => this.#itemFor(file)))
  }

  #itemFor(file) {
    const item = element('li', '')
    const name = plainName(file.name) || 'file'
    const remove = element('button', 'quiet', '✕')
    remove.type = 'button'
    remove.ariaLabel = `Remove ${name}`
    remove.addEventListener('click', () => {
      this.#set(this.files.filter((other) => other !== file))
      byId('text').focus()
    })
    item.append(element('span', '', name), element('span', 'muted', sizeOf(file.size)), remove)
    return item
  }
}

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
