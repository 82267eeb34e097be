import type { Answer } from './site.ts';

/** Throws with the text that a person would see when a page tells of a failure. */
export function expectNoAlert(page: Answer): void {
  const alert = /role="alert"[^>]*>([^<]*)/.exec(page.text);
  if (alert) throw new Error(`the page shows a failure: ${alert[1]}`);
}
