// CommonJS, because Jest loads its global setup with require() and does not resolve '.js' to '.ts' there.
const { mkdirSync, readdirSync, symlinkSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { transformFileSync } = require('@swc/core');

const repository = path.resolve(__dirname, '../../..');
const options = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

exports.compile = function compile(source, target, packages = path.join(repository, 'node_modules')) {
  const from = path.join(repository, source);
  for (const name of readdirSync(from, { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
    const to = path.join(target, source, name.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, transformFileSync(path.join(from, name), options).code);
  }
  writeFileSync(path.join(target, 'package.json'), '{"type":"module"}');
  symlinkSync(packages, path.join(target, 'node_modules'));
};

exports.load = (file) => import(pathToFileURL(file).href);
