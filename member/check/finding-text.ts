/** Findings as a person, or a program, reads them. Pure. */
import type { Finding } from './check.ts'

const MARKS: Readonly<Record<Finding['verdict'], string>> = { ok: '✓', warn: '!', fail: '✗', skip: '-' }

/** One line for each, and one below it with what to do. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(0, ...findings.map(({ name }) => name.length))
  const indent = ' '.repeat(width + 4)
  return findings.flatMap((finding) => {
    const head = `${MARKS[finding.verdict]} ${finding.name.padEnd(width)}  `
    if (finding.verdict === 'skip') return [`${head}skipped: depends on ${finding.because}`]
    const details = (finding.details ?? []).map((line) => `${indent}${line}`)
    const remedy = finding.verdict === 'ok' ? [] : [`${indent}→ ${finding.remedy}.`]
    return [`${head}${finding.says}`, ...details, ...remedy]
  })
}

/** The result in one line. */
export function findingSummary(findings: readonly Finding[]): string {
  const count = (verdict: Finding['verdict']): number =>
    findings.filter((finding) => finding.verdict === verdict).length
  const failed = count('fail')
  if (failed === 0) return `${count('ok')} of ${findings.length} checks in order, none failed`
  const skipped = count('skip')
  return `${failed} of ${findings.length} checks failed${skipped === 0 ? '' : `, ${skipped} skipped`}: begin with the first ✗`
}

export function findingsJson(findings: readonly Finding[]): string {
  const isOk = findings.every(({ verdict }) => verdict !== 'fail')
  return JSON.stringify({ ok: isOk, checks: findings }, null, 2)
}
