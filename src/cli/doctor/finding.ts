/** The result of a check, with the remedy unless the result is good. */
export interface Finding {
  readonly about: string;
  /** `fault`: the service does not start, or refuses requests. `risk`: the service works, and a setting may be wrong. */
  readonly state: 'good' | 'risk' | 'fault';
  readonly says: string;
  readonly fix?: string;
}

export function good(about: string, says: string): Finding {
  return { about, state: 'good', says };
}

export function risk(about: string, says: string, fix: string): Finding {
  return { about, state: 'risk', says, fix };
}

export function fault(about: string, says: string, fix: string): Finding {
  return { about, state: 'fault', says, fix };
}
