/** The methods of each path, for the `Allow` header of a 405. Filled while the routes are registered. */
export class RouteTable {
  private readonly routes: Array<{ readonly method: string; readonly segments: readonly string[] }> = [];

  add(method: string | readonly string[], path: string): void {
    for (const one of typeof method === 'string' ? [method] : method) {
      this.routes.push({ method: one, segments: path.split('/') });
    }
  }

  /** The methods of a path, sorted; empty for an unknown path. Paths are compared exactly, after decoding. */
  allowedMethods(path: string): string[] {
    const segments = path.split('/').map(decoded);
    const methods = this.routes
      .filter((route) => matches(route.segments, segments))
      .map(({ method }) => method);
    return [...new Set(methods)].sort();
  }
}

function matches(route: readonly string[], path: readonly string[]): boolean {
  // Wildcard routes serve the files of the documentation, which are no paths of the API.
  if (route.length !== path.length || route.includes('*')) return false;
  return route.every((segment, index) =>
    segment.startsWith(':') ? path[index] !== '' : segment === path[index],
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
