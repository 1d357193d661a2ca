// A process that uses the embedded server, for tests that start, stop and kill several of them.
// Arguments: the compiled module, the options as JSON. It prints one JSON object per line. `stop` on standard input
// stops the server and ends the process; `insert` inserts rows continuously and prints each acknowledged row.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , code, options] = process.argv;
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function insertForever({ connection }) {
  const { default: pg } = await import('pg');
  const client = new pg.Client(connection);
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS written (id int PRIMARY KEY)');
  for (let id = 1; ; id += 1) {
    await client.query('INSERT INTO written VALUES ($1)', [id]);
    print({ acknowledged: id });
  }
}

async function obey(word, server) {
  if (word === 'insert') await insertForever(server);
  await server.stop();
  process.exit(0);
}

try {
  const { startEmbeddedPostgres } = await import(
    pathToFileURL(join(code, 'packages/embedded-postgres/src/index.js')).href
  );
  const begun = performance.now();
  const server = await startEmbeddedPostgres(JSON.parse(options));
  const { connection, joined, version } = server;
  print({ connection, joined, version, ms: Math.round(performance.now() - begun) });
  createInterface({ input: process.stdin }).on('line', (word) => void obey(word, server));
} catch (error) {
  print({ error: error.name, message: error.message });
  process.exitCode = 1;
}
