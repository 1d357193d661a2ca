// Owns: the administrators' endpoints. May import: auth and every room below it. Never: decides more than who may ask.
import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { KeysController } from './keys.controller.js';
import { UsersAdminController } from './users-admin.controller.js';

@Module({ imports: [AuthModule, UsersModule], controllers: [UsersAdminController, KeysController] })
export class AdminModule {}
