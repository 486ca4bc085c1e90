/** The sentences in a source file that a person may read: in a terminal, a log, a tool's result or the status. Pure. */
import { type Expression, type PrivateIdentifier, parseSync, Visitor } from 'oxc-parser'

type Node = Expression | PrivateIdentifier

/** What these name is for the model, for a document or for a program. */
const NOT_FOR_PEOPLE: ReadonlySet<string> = new Set([
  'description',
  'meaning',
  'help',
  'describe',
  'instructions',
  'className',
  'class',
  'rel',
  'split',
  'closest',
  'querySelector',
  'querySelectorAll',
])
const SQL_OR_USAGE =
  /^Usage: |\bCREATE (?:TABLE|INDEX) |^\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|ALTER|WITH|DROP|VACUUM|ATTACH|EXPLAIN)\b|\b(?:WHERE|AND|OR|SET|FROM|JOIN|NULL|LIMIT|ORDER BY|IN) |= \?/
/** Three words, at least one of them in lower case. */
const SENTENCE = /\S+\s+\S*[a-z]{2}\S*\s+\S/

/** In the order of the source, without repeats. */
export function sentencesIn(file: string, source: string): readonly string[] {
  const found: string[] = []
  /** Texts that are a part of another one. */
  const parts = new Set<Node>()
  let silentUntil = -1
  const take = (node: Expression): void => {
    if (parts.has(node) || node.start < silentUntil) return
    const text = textOf(node, parts)?.replace(/\s+/g, ' ').trim()
    if (text !== undefined && SENTENCE.test(text.replaceAll('…', '')) && !SQL_OR_USAGE.test(text))
      found.push(text)
  }
  const silence = (node: { readonly end: number }): void => {
    silentUntil = Math.max(silentUntil, node.end)
  }
  const visitor = new Visitor({
    ImportDeclaration: silence,
    TSLiteralType: silence,
    Property: (node) => {
      if (node.key.type === 'Identifier' && NOT_FOR_PEOPLE.has(node.key.name)) silence(node)
    },
    CallExpression: (node) => {
      const { callee } = node
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      if (NOT_FOR_PEOPLE.has(callee.property.name)) silence(node)
    },
    AssignmentExpression: (node) => {
      const { left } = node
      if (left.type !== 'MemberExpression' || left.property.type !== 'Identifier') return
      if (NOT_FOR_PEOPLE.has(left.property.name)) silence(node)
    },
    BinaryExpression: take,
    TemplateLiteral: take,
    Literal: take,
  })
  visitor.visit(parseSync(file, source).program)
  return [...new Set(found)]
}

/**
 * The text of an expression, with a name in braces for what is filled in; undefined when it is no text.
 *
 * @param parts is given the texts that it is made of.
 */
function textOf(node: Node, parts: Set<Node>): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined
  if (node.type === 'TemplateLiteral') {
    return node.quasis
      .map(({ value }, index) => {
        const filled = node.expressions[index]
        return `${value.cooked ?? value.raw}${filled === undefined ? '' : filling(filled, parts)}`
      })
      .join('')
  }
  if (node.type === 'BinaryExpression' && node.operator === '+') {
    const [left, right] = [textOf(node.left, parts), textOf(node.right, parts)]
    if (left === undefined && right === undefined) return undefined
    parts.add(node.left).add(node.right)
    return `${left ?? filling(node.left, parts)}${right ?? filling(node.right, parts)}`
  }
  return undefined
}

/** Both words where one of two is chosen; else the name of the value. */
function filling(node: Node, parts: Set<Node>): string {
  if (node.type === 'ConditionalExpression') {
    const { consequent, alternate } = node
    const [one, other] = [textOf(consequent, parts), textOf(alternate, parts)]
    if (one !== undefined && other !== undefined) {
      parts.add(consequent).add(alternate)
      return `{${one}|${other}}`
    }
  }
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
    const [, noun] = node.arguments
    if (node.callee.name === 'counted' && noun?.type === 'Literal')
      return `{number of ${String(noun.value)}s}`
    if (node.callee.name === 'describeError') return '{reason}'
  }
  if (node.type === 'Identifier') return `{${node.name}}`
  if (node.type === 'MemberExpression' && node.property.type === 'Identifier')
    return `{${node.property.name}}`
  return '{…}'
}
