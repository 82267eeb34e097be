import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NextConfig } from 'next';

const workspace = join(import.meta.dirname, '../..');

const config: NextConfig = {
  output: 'standalone',
  outputFileTracingRoot: workspace,
  // Only the binaries of the building machine's platform are found by tracing; the image serves both.
  outputFileTracingIncludes: {
    '/avatar/[name]': ['node_modules/.pnpm/@img+sharp-*/**', 'node_modules/.pnpm/sharp@*/**'].map(
      (pattern) => join('../..', pattern),
    ),
  },
  generateBuildId: sourceDigest,
  poweredByHeader: false,
  images: { unoptimized: true },
  // `pnpm validate` checks types; the build need not do it again.
  typescript: { ignoreBuildErrors: true },
};

/** The same sources give the same build, its name included; Next.js would take a random one. */
function sourceDigest(): string {
  const patterns = ['apps/dashboard/src/**', 'packages/*/src/**', 'pnpm-lock.yaml'];
  const hash = createHash('sha256');
  const files = patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: workspace, withFileTypes: true }),
  );
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  for (const path of paths.sort())
    hash.update(path.slice(workspace.length)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 20);
}

export default config;
