import type { DatabaseCheck } from './check.js';
import { good, risk } from './finding.js';

const NOTEWORTHY_SKEW_MS = 1000;

export const clockCheck: DatabaseCheck = ({ clock }) => {
  const skewMs = clock.skewMs();
  if (Math.abs(skewMs) <= NOTEWORTHY_SKEW_MS) return good('clock', 'agrees with the database');
  const seconds = Math.abs(skewMs / 1000).toFixed(1);
  const says = `this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the database`;
  return risk('clock', says, 'synchronise both with NTP: timedatectl set-ntp true');
};
