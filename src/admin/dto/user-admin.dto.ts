import { z } from 'zod';
import { RegisterDto } from '../../auth/dto/login.dto.js';
import { ChangeProfileDto } from '../../users/dto/user.dto.js';
import { rolesField } from './role.dto.js';

export const CreateUserDto = RegisterDto.extend({
  roles: rolesField.optional().meta({ description: '`user` where absent', examples: [['user']] }),
}).meta({ id: 'CreateUser' });
export type CreateUserDto = z.output<typeof CreateUserDto>;

export const ChangeUserDto = ChangeProfileDto.extend({
  roles: rolesField.optional(),
  status: z.enum(['active', 'disabled']).optional(),
}).meta({ id: 'ChangeUser', examples: [{ full_name: 'Augusta Ada King' }] });
export type ChangeUserDto = z.output<typeof ChangeUserDto>;
