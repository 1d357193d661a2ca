import { createVerifier } from '@latchkey/verifier';
import { createTaskManager } from './app.js';

const { LATCHKEY_URL, LATCHKEY_ISSUER, LATCHKEY_AUDIENCE, SECRET_KEY, CLIENT_ID, CLIENT_SECRET, PORT } =
  process.env;
if (!LATCHKEY_URL || !CLIENT_ID || !CLIENT_SECRET) {
  process.stderr.write('Set LATCHKEY_URL, CLIENT_ID and CLIENT_SECRET, see README.md\n');
  process.exit(78);
}

const verifier = createVerifier({
  issuer: LATCHKEY_ISSUER ?? LATCHKEY_URL,
  url: LATCHKEY_URL,
  audience: LATCHKEY_AUDIENCE ?? 'latchkey',
  // Only where Latchkey signs with HS256. Otherwise the verifier fetches the public keys.
  ...(SECRET_KEY && { secretKey: SECRET_KEY }),
  feed: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
  maxStalenessSeconds: 60,
  onError: (error) => process.stderr.write(`latchkey: ${error.message}\n`),
});
const app = createTaskManager(verifier);
await verifier.start();
const url = await app.listen({ port: Number(PORT ?? 4000), host: '127.0.0.1' });
process.stdout.write(`tasks at ${url}/tasks\n`);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => void Promise.all([app.close(), verifier.close()]));
}
