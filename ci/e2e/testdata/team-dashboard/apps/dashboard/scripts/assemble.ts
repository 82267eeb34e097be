/**
 * Completes the standalone build in `.next/standalone`: adds the browser's files and the dashboard's own server,
 * and replaces what Next.js makes up anew in each build, so that the same sources give the same bytes.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const app = '.next/standalone/apps/dashboard';

cpSync('.next/static', `${app}/.next/static`, { recursive: true });
cpSync('dist/server.cjs', `${app}/dist/server.cjs`);
rmSync(`${app}/server.js`);

// Keys of draft mode and of server actions. The dashboard uses neither, and an image must hold no secret.
const keys: Record<string, RegExp> = {
  'prerender-manifest.json': /(?<="previewMode\w+": *")[^"]+/g,
  'server/preview-props.json': /(?<="previewMode\w+": *")[^"]+/g,
  'server/server-reference-manifest.json': /(?<="encryptionKey": *")[^"]+/g,
  'server/server-reference-manifest.js': /(?<=\\"encryptionKey\\": *\\")[^"\\]+/g,
};
for (const [file, pattern] of Object.entries(keys)) {
  const path = `${app}/.next/${file}`;
  const text = readFileSync(path, 'utf8');
  if (text.search(pattern) < 0)
    throw new Error(`"${path}" has no key to replace; look what Next.js changed`);
  writeFileSync(
    path,
    text.replace(pattern, (key) => '0'.repeat(key.length)),
  );
}
