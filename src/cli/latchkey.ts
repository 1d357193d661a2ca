#!/usr/bin/env node
import 'reflect-metadata';

// Decorators need the line above, so nothing with a decorator may be loaded before it has run.
await import('./run.js');
