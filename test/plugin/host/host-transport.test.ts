import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { HostTransport } from '../../../plugin/host/host-transport.ts'

const start = (): HostTransport => new HostTransport(new PassThrough(), new PassThrough().resume())
const result = (id: number) => ({ jsonrpc: '2.0', id, result: {} }) as const

describe('what waits for an answer to leave', () => {
  test('runs once, after the result of its own request', async () => {
    const transport = start()
    const runs: number[] = []
    for (const id of [1, 2]) transport.whenSent(id, () => runs.push(id))
    await transport.send({ jsonrpc: '2.0', method: 'notifications/progress' })
    await transport.send(result(3))
    expect(runs).toEqual([])
    await transport.send(result(2))
    await transport.send(result(2))
    await transport.send(result(1))
    expect(runs).toEqual([2, 1])
  })

  test('does not run for an error, which tells nothing of the result', async () => {
    const transport = start()
    const runs: number[] = []
    transport.whenSent(1, () => runs.push(1))
    await transport.send({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no' } })
    expect(runs).toEqual([])
  })

  test('is bounded: the oldest goes, since a cancelled request never gets an answer', async () => {
    const transport = start()
    const runs: number[] = []
    for (let id = 0; id < 101; id++) transport.whenSent(id, () => runs.push(id))
    for (const id of [0, 1, 100]) await transport.send(result(id))
    expect(runs).toEqual([1, 100])
  })
})
