/** The part of Next.js' routes-manifest.json that names routes. */
export interface RoutesManifest {
  staticRoutes: { page: string; regex: string }[];
  dynamicRoutes: { page: string; regex: string }[];
}

/** Returns a function that finds the pattern of a path, for example `/avatar/[name]`; `unmatched` if there is none. */
export function routeFinder(manifest: RoutesManifest): (path: string) => string {
  const routes = [...manifest.staticRoutes, ...manifest.dynamicRoutes].map(
    ({ page, regex }) => [page, new RegExp(regex)] as const,
  );
  return (path) => {
    if (path.startsWith('/_next/')) return '/_next/*';
    return routes.find(([, regex]) => regex.test(path))?.[0] ?? 'unmatched';
  };
}
