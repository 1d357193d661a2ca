import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../access/access.decorators.js';
import { ownAccount } from '../access/own-account.js';
import type { Principal } from '../access/principal.js';
import { ApiProblems } from '../docs/api-problems.js';
import { ChangeProfileDto, toUserDto, UserDto } from './dto/user.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('profile')
@Controller('users/me')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'My profile' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The user the token belongs to' })
  async me(@CurrentPrincipal() { userId }: Principal): Promise<UserDto> {
    return toUserDto(await ownAccount(this.users.get(userId)));
  }

  @Patch()
  @ApiOperation({ summary: 'Change my profile' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The profile as it is now' })
  @ApiProblems('malformed_request', 'validation_failed', 'email_taken', 'username_taken')
  async change(
    @CurrentPrincipal() { userId }: Principal,
    @Body({ schema: ChangeProfileDto }) { full_name: fullName, ...change }: ChangeProfileDto,
  ): Promise<UserDto> {
    return toUserDto(await ownAccount(this.users.changeProfile(userId, { ...change, fullName })));
  }
}
