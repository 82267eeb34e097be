import { getRuntime } from '../../../runtime.ts';

export const dynamic = 'force-dynamic';

export function GET(): Response {
  const { settings, releaseNotes } = getRuntime();
  return Response.json({ release: settings.release, slot: settings.slot, notes: releaseNotes });
}
