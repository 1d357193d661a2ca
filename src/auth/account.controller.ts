import { Body, Controller, Delete, HttpCode, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../access/access.decorators.js';
import { ownAccount } from '../access/own-account.js';
import type { Principal } from '../access/principal.js';
import { ApiProblems } from '../docs/api-problems.js';
import { AccountService } from './account.service.js';
import { ChangePasswordDto } from './dto/login.dto.js';

@ApiTags('profile')
@Controller('users/me')
export class AccountController {
  constructor(private readonly accounts: AccountService) {}

  @Put('password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change my password', description: 'Every other session ends, this one stays.' })
  @ApiNoContentResponse({ description: 'The new password is in force' })
  @ApiProblems('malformed_request', 'validation_failed', 'invalid_credentials', 'overloaded')
  async changePassword(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: ChangePasswordDto }) body: ChangePasswordDto,
  ): Promise<void> {
    const { current_password: currentPassword, new_password: newPassword } = body;
    await ownAccount(this.accounts.changePassword(principal, { currentPassword, newPassword }));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete my account', description: 'Sessions and tokens end with it.' })
  @ApiNoContentResponse({ description: 'The account is gone' })
  @ApiProblems('last_administrator')
  async delete(@CurrentPrincipal() { userId }: Principal): Promise<void> {
    await ownAccount(this.accounts.delete(userId, userId));
  }
}
