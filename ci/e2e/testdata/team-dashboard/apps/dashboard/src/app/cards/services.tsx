import type { HealthReport } from '@team-dashboard/service-kit';
import { getRuntime } from '../../runtime.ts';
import { Card } from './card.tsx';

export function Services() {
  const { health } = getRuntime();
  return (
    <Card
      title="Services"
      load={health}
      show={({ services = {} }) => (
        <ul>
          {Object.values(services).map((report) => (
            <Service key={report.service} report={report} />
          ))}
        </ul>
      )}
    />
  );
}

function Service({ report }: { report: HealthReport }) {
  const { service, release, status } = report;
  return (
    <li>
      <span>
        {service}
        <span className="detail">{release || 'no answer'}</span>
      </span>
      <span className={`state ${status === 'ok' ? 'good' : 'bad'}`}>
        {status === 'ok' ? 'healthy' : 'failing'}
      </span>
    </li>
  );
}
