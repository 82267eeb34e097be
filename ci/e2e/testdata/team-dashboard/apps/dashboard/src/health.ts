import { errorText, type HealthReport, type Upstream } from '@team-dashboard/service-kit';

/** Puts the dashboard's own report and those of the other services of its slot together. */
export async function aggregateHealth(
  own: HealthReport,
  others: Pick<Upstream, 'name' | 'health'>[],
): Promise<HealthReport> {
  const reports = await Promise.all(others.map((other) => reportOf(other, own)));
  const services = Object.fromEntries([own, ...reports].map((report) => [report.service, report]));
  const ok = Object.values(services).every((report) => report.status === 'ok');
  return { ...own, status: ok ? 'ok' : 'error', services };
}

async function reportOf(
  other: Pick<Upstream, 'name' | 'health'>,
  own: HealthReport,
): Promise<HealthReport> {
  try {
    return await other.health();
  } catch (error) {
    const { slot } = own;
    const { name: service } = other;
    return {
      status: 'error',
      service,
      release: '',
      slot,
      dependencies: {},
      error: errorText(error),
    };
  }
}
