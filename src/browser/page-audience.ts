/** The key of a page's metadata for its {@link PageAudience}. */
export const PAGE_AUDIENCE = 'latchkey:page-audience';

/**
 * Whom a page opens to: to visitors too, to signed-in users, or also to signed-in users who must change their password
 * first.
 */
export type PageAudience = 'visitors' | 'signed-in' | 'must-change-password';
