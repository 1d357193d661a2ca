import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../access/access.decorators.js';
import { ownAccount } from '../access/own-account.js';
import type { UserPrincipal } from '../access/principal.js';
import { toUserDto, UserDto } from './dto/user.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('profile')
@Controller('users/me')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'My profile' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The user the token belongs to' })
  async me(@CurrentUser() { userId }: UserPrincipal): Promise<UserDto> {
    return toUserDto(await ownAccount(this.users.get(userId)));
  }
}
