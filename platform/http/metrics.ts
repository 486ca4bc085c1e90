/** Counters as Prometheus text. They name routes and statuses, never a workspace. */
import type { Services } from '../services.ts'

export class Metrics {
  readonly #requests = new Map<string, number>()
  #requestMs = 0

  /** @param route the route's pattern, so that the number of series stays small. */
  countRequest(method: string, route: string, status: number, ms: number): void {
    const labels = `method="${method}",route="${route}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    this.#requestMs += ms
  }

  text({ events, workspaces }: Pick<Services, 'events' | 'workspaces'>): string {
    return [
      '# TYPE molecule_requests_total counter',
      ...[...this.#requests].map(([labels, value]) => `molecule_requests_total{${labels}} ${value}`),
      '# TYPE molecule_request_seconds_total counter',
      `molecule_request_seconds_total ${(this.#requestMs / 1000).toFixed(6)}`,
      '# TYPE molecule_event_listeners gauge',
      `molecule_event_listeners ${events.listenerCount()}`,
      '# TYPE molecule_workspaces gauge',
      ...workspaces
        .countByStatus()
        .map(({ status, count }) => `molecule_workspaces{status="${status}"} ${count}`),
      '# TYPE molecule_resident_bytes gauge',
      `molecule_resident_bytes ${process.memoryUsage.rss()}`,
      '',
    ].join('\n')
  }
}
