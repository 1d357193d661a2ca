import { describe, expect, it } from '@jest/globals';
import { originFault, originsFault } from './cors-origins.js';

describe('an origin', () => {
  it.each([
    'https://app.example.org',
    'http://localhost:5173',
    'https://xn--bcher-kva.example:8443',
    'http://[::1]:3000',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'http://tauri.localhost',
    'app://obsidian.md',
    'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
    'moz-extension://0c9a4d5e-2b1f-4e0a-9d3c-7f6e5d4c3b2a',
  ])('of a page or an app is accepted: %s', (origin) => {
    expect(originFault(origin)).toBeUndefined();
  });

  it.each([
    ['*', /^is \*/],
    ['null', /^is null/],
    ['app.example.org', /^has no scheme/],
    ['localhost:5173', /^has no scheme/],
    ['//app.example.org', /^has no scheme/],
    ['https:app.example.org', /^has no scheme/],
    ['https://app.example.org/', /^ends with a slash/],
    ['capacitor://localhost/', /^ends with a slash/],
    ['https://app.example.org/path', /^has a path/],
    ['https://app.example.org//', /^has a path/],
    ['tauri://localhost/x/', /^has a path/],
    ['https://app.example.org?x', /^has a path/],
    ['https://app.example.org#', /^has a path/],
    ['https://ada@app.example.org', /^has a user name/],
    ['https://App.example.org', /^is not written/],
    ['HTTPS://app.example.org', /^is not written/],
    ['https://app.example.org:443', /^is not written/],
    ['https://bücher.example', /^is not written/],
    ['https://*.example.org', /^has a \*/],
    ['https://', /^is not written/],
    ['capacitor://local host', /^is not written/],
    ['file:///home', /^has a scheme/],
  ])('is refused with its fault: %s', (origin, fault) => {
    expect(originFault(origin)).toMatch(fault);
  });
});

it('a fault names the item of the list, but not its text', () => {
  expect(originsFault(['https://a.example', 'https://hunter2.example/'])).toBe(
    'must list origins such as https://app.example.org: item 2 ends with a slash; remove it',
  );
  expect(originsFault(['hunter2'])).toMatch(/: the value has no scheme/);
  expect(originsFault([])).toBeUndefined();
});
