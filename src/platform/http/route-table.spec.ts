import { beforeEach, describe, expect, it } from '@jest/globals';
import { RouteTable } from './route-table.js';

let routes: RouteTable;

beforeEach(() => {
  routes = new RouteTable();
  routes.add(['GET', 'HEAD'], '/users');
  routes.add('POST', '/users');
  routes.add('GET', '/users/:id');
  routes.add('PATCH', '/users/me');
  routes.add('DELETE', '/users/:id/sessions/:sid');
  routes.add('GET', '/docs/*');
  routes.add('GET', '/');
});

describe('the methods of a path', () => {
  it.each([
    ['/users', ['GET', 'HEAD', 'POST']],
    ['/users/1', ['GET']],
    ['/users/me', ['GET', 'PATCH']],
    ['/users/%6de', ['GET', 'PATCH']],
    ['/users/a%2Fb', ['GET']],
    ['/users/1/sessions/2', ['DELETE']],
    ['/', ['GET']],
  ])('are those of all its routes, sorted and without duplicates: %s', (path, methods) => {
    expect(routes.allowedMethods(path)).toEqual(methods);
  });

  it.each([
    '/nothing',
    '/users/',
    '//users',
    '/Users',
    '/users/1/sessions',
    '/users/1/sessions/',
    '/users//sessions/2',
    '/docs/a',
    '/docs/*',
    '',
    'users',
  ])('are empty where no route matches exactly: %s', (path) => {
    expect(routes.allowedMethods(path)).toEqual([]);
  });

  it('are found for a path that cannot be decoded', () => {
    expect(routes.allowedMethods('/users/%zz')).toEqual(['GET']);
  });
});
