/** Counters of the platform, as Prometheus text. They name routes and statuses, never a workspace. */
import type { Services } from '../services.ts'

export class Metrics {
  readonly #requests = new Map<string, number>()
  #requestMs = 0

  /** @param route the pattern of the route, so that the number of series stays small */
  countRequest(method: string, route: string, status: number, ms: number): void {
    const labels = `method="${method}",route="${route}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    this.#requestMs += ms
  }

  text(services: Services): string {
    const statuses = services.database
      .query<{ status: string; workspaces: number }, []>(
        'SELECT status, count(*) AS workspaces FROM workspaces GROUP BY status',
      )
      .all()
    return [
      '# TYPE molecule_requests_total counter',
      ...[...this.#requests].map(([labels, value]) => `molecule_requests_total{${labels}} ${value}`),
      '# TYPE molecule_request_seconds_total counter',
      `molecule_request_seconds_total ${(this.#requestMs / 1000).toFixed(6)}`,
      '# TYPE molecule_event_listeners gauge',
      `molecule_event_listeners ${services.events.listenerCount()}`,
      '# TYPE molecule_workspaces gauge',
      ...statuses.map(({ status, workspaces }) => `molecule_workspaces{status="${status}"} ${workspaces}`),
      '# TYPE molecule_resident_bytes gauge',
      `molecule_resident_bytes ${process.memoryUsage.rss()}`,
      '',
    ].join('\n')
  }
}
