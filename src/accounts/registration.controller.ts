import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.decorators.js';
import { RequestOrigin, type Origin } from '../access/origin.decorator.js';
import { RateLimited } from '../limits/rate-limit.guard.js';
import { ApiProblems } from '../platform/docs/api-problems.js';
import { toUserDto, UserDto } from '../users/dto/user.dto.js';
import { RegisterDto } from './dto/register.dto.js';
import { RegistrationService } from './registration.service.js';

@ApiTags('auth')
@Controller('auth')
export class RegistrationController {
  constructor(private readonly registration: RegistrationService) {}

  @Public()
  @RateLimited('register')
  @Post('register')
  @ApiOperation({ summary: 'Create an account', operationId: 'authRegister' })
  @ApiCreatedResponse({ standardSchema: UserDto, description: 'The new user; `Location` names it' })
  @ApiProblems(
    'malformed_request',
    'validation_failed',
    'registration_closed',
    'email_taken',
    'username_taken',
    'too_many_attempts',
    'overloaded',
  )
  async register(
    @Body({ schema: RegisterDto }) { full_name: fullName, ...input }: RegisterDto,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto> {
    const user = await this.registration.register({ ...input, fullName }, origin);
    void reply.header('location', `/users/${user.id}`);
    return toUserDto(user);
  }
}
