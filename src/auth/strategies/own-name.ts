import { randomUUID } from 'node:crypto';
import passport from 'passport';

/**
 * Registers a strategy under a unique name. Passport keeps the strategies of a process in one registry by name, and two
 * applications in one process must each use their own.
 */
export function registerUnderOwnName(strategy: passport.Strategy, kind: 'jwt' | 'local'): void {
  strategy.name = `${kind} ${randomUUID()}`;
  passport.use(strategy);
}

/** Removes the strategy of a closed application from the registry. */
export function unregister({ name }: passport.Strategy): void {
  if (name !== undefined) passport.unuse(name);
}
