import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A headless Chromium with a new profile, in which only this machine's host names resolve. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findBrowser(),
    // Chromium's sandbox does not work as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/** @throws Error with the package to install */
function findBrowser(): string {
  const given = process.env['CHROMIUM_PATH'];
  const found = (given ? [given] : PLACES).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    given
      ? `there is no browser at CHROMIUM_PATH (${given})`
      : `there is no browser at ${PLACES.join(', ')}: install Debian's package "chromium", or set CHROMIUM_PATH`,
  );
}
