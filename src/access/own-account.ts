import { AppError } from '../platform/kernel/app-error.js';

/**
 * For routes about the principal's own account: where the account does not exist, the token is at fault. It outlived its
 * user for a moment, or was signed with our key for an unknown subject.
 * @throws AppError `token_invalid` in place of `not_found`, and every other error of `work`
 */
export async function ownAccount<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new AppError('token_invalid', { diagnosis: { cause: 'unknown subject' } });
  }
}
