import { aspnet } from './aspnet.format.js';
import { auth0 } from './auth0.format.js';
import { betterAuth } from './better-auth.format.js';
import { devise } from './devise.format.js';
import { django } from './django.format.js';
import { firebase } from './firebase.format.js';
import type { ImportFormat } from './format.js';
import { keycloak } from './keycloak.format.js';
import { laravel } from './laravel.format.js';
import { latchkey } from './latchkey.format.js';
import { ldap } from './ldap.format.js';
import { spring } from './spring.format.js';
import { supabase } from './supabase.format.js';
import { wordpress } from './wordpress.format.js';

/** The formats of `latchkey users import --format`, by their names. */
export const FORMATS = {
  latchkey,
  auth0,
  supabase,
  firebase,
  keycloak,
  wordpress,
  django,
  aspnet,
  spring,
  laravel,
  devise,
  'better-auth': betterAuth,
  ldap,
} satisfies Readonly<Record<string, ImportFormat>>;

export type FormatName = keyof typeof FORMATS;

/** Whether a name is one of {@link FORMATS}. */
export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(FORMATS, name);
}
