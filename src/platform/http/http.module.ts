// Owns: the HTTP adapter, the problem filter, pipes, paging, headers, request ids and the lifecycle of the process.
// May import: platform/kernel, platform/config, platform/metrics. Never: knows a route.
import { Global, Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle.js';

@Global()
@Module({ providers: [Lifecycle], exports: [Lifecycle] })
export class HttpModule {}
