import 'reflect-metadata';

/** For the tests: see parts.list.ts. Loaded after the line above, as main.ts loads the application. */
export const parts = await import('./parts.list.js');
