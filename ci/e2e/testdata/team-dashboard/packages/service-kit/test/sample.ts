import type { Settings } from '../src/settings.ts';

/** Settings of a service that exists in tests only. Port 0: the system picks a free one. */
export const settings: Settings = {
  service: 'sample',
  host: '127.0.0.1',
  port: 0,
  release: 'v1',
  slot: 'green',
  environment: 'production',
};
