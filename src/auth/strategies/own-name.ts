import { randomUUID } from 'node:crypto';
import passport from 'passport';

/**
 * Passport keeps the strategies of a process in one registry, by name. Each strategy is registered under a name of its
 * own, so that two applications in one process each ask their own.
 */
export function registerUnderOwnName(strategy: passport.Strategy, kind: 'jwt' | 'local'): void {
  strategy.name = `${kind} ${randomUUID()}`;
  passport.use(strategy);
}

/** Takes a strategy out of the registry: its application is closed. */
export function unregister({ name }: passport.Strategy): void {
  if (name !== undefined) passport.unuse(name);
}
