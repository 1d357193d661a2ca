import type { Config } from '../../platform/config/config.js';
import { ConfigError, loadConfig, type ConfigProblem } from '../../platform/config/env.schema.js';
import { readEnvironment, readWarnings } from '../../platform/config/environment.js';
import { EXIT, type Command } from '../command.js';
import { SETTINGS_CHECKS } from './checks.js';
import { databaseReport } from './database-report.js';
import { fault, good, risk, type Finding } from './finding.js';

/**
 * Checks settings, database, clock, migrations, keys and proxies, and prints the remedy for each fault. Changes nothing.
 * Exit status 1 if a check finds a fault.
 */
export const doctorCommand: Command = async (_args, { json }, { out }) => {
  const findings = await report();
  out(json ? `${JSON.stringify(findings)}\n` : `${findings.map(line).join('\n')}\n`);
  return findings.some(({ state }) => state === 'fault') ? EXIT.refused : EXIT.done;
};

async function report(): Promise<Finding[]> {
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = configOrProblems(environment, problems);
  if (!('http' in config)) return config.map(settingFault);
  const settings = SETTINGS_CHECKS.map((check) => check(config)).filter((finding) => finding !== undefined);
  return [
    good('settings', 'all are well-formed, and the secret is strong'),
    ...readWarnings().map(settingRisk),
    ...settings,
    ...(await databaseReport(config)),
  ];
}

function configOrProblems(
  environment: Parameters<typeof loadConfig>[0],
  problems: readonly ConfigProblem[],
): Config | readonly ConfigProblem[] {
  try {
    return loadConfig(environment, problems);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function settingFault({ setting, message }: ConfigProblem): Finding {
  const fix =
    setting === 'SECRET_KEY'
      ? 'printf "SECRET_KEY=%s\\n" "$(openssl rand -hex 32)" >> .env.local'
      : `correct ${setting}, or remove it to use its default`;
  return fault(setting, `${setting} ${message}`, fix);
}

function settingRisk({ setting, message }: ConfigProblem): Finding {
  const [, says = message, fix = 'write the name as README spells it'] =
    /^(.*?)[:;] (.*)$/.exec(message) ?? [];
  return risk(setting, `${setting} ${says}`, fix);
}

function line({ about, state, says, fix }: Finding): string {
  const mark = { good: 'ok   ', risk: 'risk ', fault: 'FAULT' }[state];
  return `${mark}  ${about.padEnd(16)}${says}${fix === undefined ? '' : `\n${' '.repeat(23)}-> ${fix}`}`;
}
