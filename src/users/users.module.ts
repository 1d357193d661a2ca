// Owns: users, their roles and profile. May import: kernel, access, config, database, docs, passwords.
// Never: ends a session or revokes a token; what a change means for those is decided in auth.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { MovedUsersRepository } from './moved-users.repository.js';
import { RolesRepository } from './roles.repository.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User]), PasswordsModule],
  controllers: [UsersController],
  providers: [UsersService, UsersRepository, MovedUsersRepository, RolesRepository],
  exports: [UsersService, UsersRepository, MovedUsersRepository, RolesRepository],
})
export class UsersModule {}
