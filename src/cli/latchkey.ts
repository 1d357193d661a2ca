#!/usr/bin/env node
import 'reflect-metadata';
import { dispatch } from './dispatch.js';
import { processHost } from './process-host.js';

process.exitCode = await dispatch(process.argv.slice(2), processHost());
