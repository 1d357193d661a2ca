interface Route {
  readonly method: string;
  readonly segments: readonly string[];
  readonly isPage: boolean;
}

/** The methods of each path, for the `Allow` header of a 405. Filled while the routes are registered. */
export class RouteTable {
  private readonly routes: Route[] = [];

  /** @param isPage whether the route is a page, or the target of a page's form */
  add(method: string | readonly string[], path: string, isPage = false): void {
    for (const one of typeof method === 'string' ? [method] : method) {
      this.routes.push({ method: one, segments: path.split('/'), isPage });
    }
  }

  /** The methods of a path, sorted; empty for an unknown path. Paths are compared exactly, after decoding. */
  allowedMethods(path: string): string[] {
    return [...new Set(this.of(path).map(({ method }) => method))].sort();
  }

  /** Whether a path is one of a page. */
  isPage(path: string): boolean {
    return this.of(path).some(({ isPage }) => isPage);
  }

  private of(path: string): Route[] {
    const segments = path.split('/').map(decoded);
    return this.routes.filter((route) => matches(route.segments, segments));
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
