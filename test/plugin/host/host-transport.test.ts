import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { until } from '../../../lab/driver/until.ts'
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

  test('learns that the host dropped an answer which had left, once, and of no other', async () => {
    const input = new PassThrough()
    const transport = new HostTransport(input, new PassThrough().resume())
    const taken: string[] = []
    transport.onmessage = (message) => void taken.push('method' in message ? message.method : '')
    await transport.start()
    const dropped: number[] = []
    for (const id of [1, 2])
      transport.whenSent(
        id,
        () => {},
        () => dropped.push(id),
      )
    await transport.send(result(1))
    for (const requestId of [2, 1, 1]) {
      input.write(
        `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })}\n`,
      )
    }
    await until('the cancellations', () => taken.length === 3)
    expect(dropped).toEqual([1])
  })

  test('is bounded: the oldest goes, since a cancelled request never gets an answer', async () => {
    const transport = start()
    const runs: number[] = []
    for (let id = 0; id < 101; id++) transport.whenSent(id, () => runs.push(id))
    for (const id of [0, 1, 100]) await transport.send(result(id))
    expect(runs).toEqual([1, 100])
  })
})
