/** The files of a message: kept by the platform, inside the message, or at an address somewhere else. */
import { element, plainName } from './message-text.js'

const PENDING = /^platform-pending:([0-9a-f-]{36})\/([0-9a-f-]{36})$/i
const WEB = /^https?:\/\//i
/** Pictures of points alone: no other form can hold more than a picture. */
const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/

/**
 * @param onSave called with a file when the person asks for it
 * @param load resolves with the content of a file that the platform keeps, or that came inside its message
 */
export function fileList(files, onSave, load) {
  const list = element('ul', 'files')
  for (const file of files) {
    const entry = element('li', '')
    if (file.base64 !== undefined || PENDING.test(file.uri)) entry.append(saveButton(file, onSave, load))
    else entry.append(`File: ${file.name} `, addressElement(file.uri))
    list.append(entry)
  }
  return list
}

function saveButton(file, onSave, load) {
  const button = element('button', 'file')
  button.type = 'button'
  button.append(element('span', '', `Save ${file.name}`))
  button.addEventListener('click', () => onSave(file))
  if (PICTURE.test(file.mimeType)) showSmall(button, file, load)
  return button
}

/** Loads a picture once it comes into view. Where that fails, its name is enough. */
function showSmall(button, file, load) {
  const observer = new IntersectionObserver(async ([seen]) => {
    if (!seen.isIntersecting) return
    observer.disconnect()
    try {
      const picture = element('img', 'thumbnail')
      picture.alt = ''
      picture.src = URL.createObjectURL(new Blob([await load(file)], { type: file.mimeType }))
      await picture.decode()
      URL.revokeObjectURL(picture.src)
      button.prepend(picture)
    } catch {
      // Gone, or no picture after all.
    }
  })
  observer.observe(button)
}

/** Shows the address itself, so that its reader sees where it leads. Only a web address is a link. */
function addressElement(uri) {
  if (!WEB.test(uri) || !URL.canParse(uri)) return element('span', '', plainName(uri))
  const { href } = new URL(uri)
  const link = element('a', '', href)
  link.href = href
  link.target = '_blank'
  link.rel = 'noopener noreferrer'
  return link
}

/**
 * The path at which the platform keeps a file; undefined when it does not keep it.
 *
 * @returns {string | undefined}
 */
export function pathOf(file) {
  const [, workspaceId, fileId] = PENDING.exec(file.uri) ?? []
  return fileId === undefined ? undefined : `/workspaces/${workspaceId}/pending-uploads/${fileId}/content`
}

/**
 * The bytes of a file that came inside its message.
 *
 * @throws {Error} with a sentence for the person
 */
export function bytesOf(file) {
  try {
    const text = atob(file.base64.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(text, (character) => character.charCodeAt(0))
  } catch {
    throw new Error(`${file.name} cannot be saved: its content is not valid base64.`)
  }
}
