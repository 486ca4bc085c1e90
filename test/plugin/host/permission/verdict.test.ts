import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readTyped } from '../../../../plugin/host/permission/verdict.ts'

const LETTERS = [...'abcdefghijkmnopqrstuvwxyz']
const id = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 5, maxLength: 5 })
  .map((all) => all.join(''))
  .filter((text) => !['thank'].includes(text))
const word = fc.constantFrom('yes', 'no')
const wide = (text: string): string =>
  text.replace(/[!-~]/g, (one) => String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0))
const verdict = (text: string) => {
  const read = readTyped(text)
  return read?.kind === 'verdict' ? { state: read.state, requestId: read.requestId } : undefined
}
const stateOf = (said: string) => (said === 'yes' ? 'allowed' : 'denied')

describe('a verdict', () => {
  test('is yes or no and the id, however a person writes them', () => {
    const ways: readonly ((said: string, name: string) => string)[] = [
      (said, name) => `${said} ${name}`,
      (said, name) => `  ${said}\t${name}\n`,
      (said, name) => `${said} ${name}.`,
      (said, name) => `${said} ${name}!`,
      (said, name) => `${said}, ${name} …`,
      (said, name) => `${said}: ${name}`,
      (said, name) => `\`${said} ${name}\``,
      (said, name) => `\`\`\`\n${said} ${name}\n\`\`\``,
      (said, name) => `"${said} ${name}"`,
      (said, name) => `“${said} ${name}”`,
      (said, name) => `„${said} ${name}“.`,
      (said, name) => `«${said}» (${name})`,
      (said, name) => `**${said} ${name}**`,
      (said, name) => `- ${said} ${name}`,
      (said, name) => `${said} #${name}`,
      (said, name) => `${said}-${name}`,
      (said, name) => `${name} ${said}`,
      (said, name) => `${said}, ${said} ${name}`,
      (said, name) => `${said} ${name} please`,
      (said, name) => `${said} please, ${name}. Thank you!`,
      (said, name) => `${said.toUpperCase()} ${name.toUpperCase()}`,
      (said, name) => `${said[0]?.toUpperCase()}${said.slice(1)} ${name}。`,
      (said, name) => wide(`${said} ${name}`),
      (said, name) => `${said}\u200b \ufeff${name}\u2060`,
      (said, name) => `${said}\u3000${name}！`,
    ]
    fc.assert(
      fc.property(word, id, fc.constantFrom(...ways), (said, name, write) => {
        expect(verdict(write(said, name))).toEqual({ state: stateOf(said), requestId: name })
      }),
    )
  })

  test('may name no request', () => {
    for (const text of [
      'yes',
      'Yes.',
      '`yes`',
      'YES!',
      'yes please',
      'yes, thank you.',
      'ｙｅｓ',
      ' yes\n',
    ]) {
      expect([text, verdict(text)]).toEqual([text, { state: 'allowed', requestId: undefined }])
    }
    expect(verdict('no thanks')).toEqual({ state: 'denied', requestId: undefined })
  })

  test('is nothing that has another word, a number, both answers, two ids, a question mark or a symbol', () => {
    const other = fc
      .stringMatching(/^[a-z0-9]{1,9}$/)
      .filter((text) => !['yes', 'no', 'please', 'thanks', 'thank', 'you'].includes(text))
    fc.assert(
      fc.property(word, id, other, fc.nat(2), (said, name, more, place) => {
        fc.pre(more !== name)
        expect(verdict([said, name].toSpliced(place, 0, more).join(' '))).toBeUndefined()
      }),
    )
    for (const text of [
      'yes abcde no abcde',
      'Answer `yes abcde` or `no abcde`',
      'yes abcde abcdf',
      'yes abcde?',
      'yes？',
      '!yes abcde',
      '~~yes abcde~~',
      '> yes abcde',
      '¬yes abcde',
      'yes abcde 👎',
      'yesabcde',
      'yes abcd',
      'yes abcdef',
      'yes abcle',
      'уes abcde',
      'not abcde',
      'don’t: yes abcde',
      'abcde',
      'y abcde',
      `yes abcde${' '.repeat(80)}`,
      '',
      ' . ',
    ]) {
      expect([text, verdict(text)]).toEqual([text, undefined])
    }
  })

  test('costs next to nothing to look for, however long the text is', () => {
    expect(readTyped(`yes abcde${' '.repeat(5_000_000)}x`)).toBeUndefined()
    expect(verdict(`yes abcde${'`'.repeat(190)}?`)).toBeUndefined()
  })
})

describe('an attempt', () => {
  test('gives its letters, and is brief when it has hardly more than a word of consent or refusal', () => {
    const brief = ['y', 'OK', 'sure, go', 'allow', 'yes?', 'no problem', 'Approve!', 'yes abcd']
    for (const text of [...brief, '1', '👍', '👍🏽!', 'Ja.', 'Oui!', 'はい', 'Нет']) {
      expect([text, readTyped(text)]).toMatchObject([text, { kind: 'unclear', brief: true }])
    }
    for (const text of ['hello', 'please look at the log', 'I say yes to the other plan', 'note']) {
      expect([text, readTyped(text)]).toMatchObject([text, { kind: 'unclear', brief: false }])
    }
    for (const text of ['', ' … ', '?', '```']) expect([text, readTyped(text)]).toEqual([text, undefined])
    expect(readTyped('Yes, abc de!')).toMatchObject({ letters: 'yesabcde' })
  })
})
