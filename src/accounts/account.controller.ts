import { Body, Controller, Delete, HttpCode, Patch, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { BeforePasswordChange, CurrentUser } from '../access/access.decorators.js';
import { ownAccount } from '../access/own-account.js';
import type { UserPrincipal } from '../access/principal.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { ChangeProfileDto, toUserDto, UserDto } from '../users/dto/user.dto.js';
import { AccountService } from './account.service.js';
import { ChangePasswordDto } from './dto/password.dto.js';
import { OwnPasswordService } from './own-password.service.js';
import { ProfileService } from './profile.service.js';

@ApiTags('profile')
@Controller('users/me')
export class AccountController {
  constructor(
    private readonly accounts: AccountService,
    private readonly profiles: ProfileService,
    private readonly passwords: OwnPasswordService,
  ) {}

  @Patch()
  @ApiOperation({ summary: 'Change my profile' })
  @ApiOkResponse({ standardSchema: UserDto, description: 'The profile as it is now' })
  @ApiProblems('malformed_request', 'validation_failed', 'email_taken', 'username_taken', 'too_many_attempts')
  async change(
    @CurrentUser() principal: UserPrincipal,
    @Body({ schema: ChangeProfileDto }) { full_name: fullName, ...change }: ChangeProfileDto,
  ): Promise<UserDto> {
    return toUserDto(await ownAccount(this.profiles.change(principal, { ...change, fullName })));
  }

  @BeforePasswordChange()
  @RateLimited('password')
  @Put('password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change my password', description: 'Every other session ends, this one stays.' })
  @ApiNoContentResponse({ description: 'The new password is in force' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'invalid_credentials',
    'too_many_attempts',
    'overloaded',
  )
  async changePassword(
    @CurrentUser() principal: UserPrincipal,
    @Body({ schema: ChangePasswordDto }) body: ChangePasswordDto,
  ): Promise<void> {
    const { current_password: currentPassword, new_password: newPassword } = body;
    await ownAccount(this.passwords.change(principal, { currentPassword, newPassword }));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete my account', description: 'Sessions and tokens end with it.' })
  @ApiNoContentResponse({ description: 'The account is gone' })
  @ApiProblems('last_administrator')
  async delete(@CurrentUser() principal: UserPrincipal): Promise<void> {
    await ownAccount(this.accounts.delete(principal));
  }
}
