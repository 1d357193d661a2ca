import { z } from 'zod';
import { notMadeOfNames } from './password.dto.js';
import { registrationFields } from './register.dto.js';
import { PageQueryDto } from '../../platform/http/paging.js';
import { text } from '../../platform/kernel/validation.js';
import { ChangeProfileDto } from '../../users/dto/user.dto.js';
import { rolesField } from '../../users/dto/role.dto.js';

export const UsersQueryDto = PageQueryDto.extend({
  email_prefix: text({ max: 254 }).optional().meta({
    description: 'Only users whose e-mail address begins with this text, in any case, ordered by address',
  }),
});
export type UsersQueryDto = z.output<typeof UsersQueryDto>;

export const CreateUserDto = z
  .strictObject({
    ...registrationFields,
    roles: rolesField.optional().meta({ description: 'Default: `user`', examples: [['user']] }),
  })
  .check(notMadeOfNames)
  .meta({ id: 'CreateUser' });
export type CreateUserDto = z.output<typeof CreateUserDto>;

export const ChangeUserDto = ChangeProfileDto.extend({
  roles: rolesField.optional(),
  status: z.enum(['active', 'disabled']).optional(),
}).meta({ id: 'ChangeUser', examples: [{ full_name: 'Augusta Ada King' }] });
export type ChangeUserDto = z.output<typeof ChangeUserDto>;
