import { reportCrashes } from '../process/crashes.js';
import { commandLog } from './command-log.js';
import { dispatch } from './dispatch.js';
import { processHost } from './process-host.js';

reportCrashes(commandLog());
process.exitCode = await dispatch(process.argv.slice(2), processHost());
