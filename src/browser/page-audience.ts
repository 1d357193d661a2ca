/** The key of a page's metadata for its {@link PageAudience}. */
export const PAGE_AUDIENCE = 'latchkey:page-audience';

/**
 * The people that a page opens to: visitors too, signed-in users alone, or signed-in users including those who must change
 * their password first.
 */
export type PageAudience = 'visitors' | 'signed-in' | 'must-change-password';
