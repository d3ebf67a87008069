/** The control plane alone, as a service manager runs it. For trying out on one machine see start.ts. */
import { flushCompileCache } from 'node:module';
import { type Config, readConfig } from './config.ts';
import { beside } from './give-to-owner.ts';
import { printAddresses } from './print-start.ts';
import { endAsked, orRefuse, runMain } from './run-main.ts';
import { systemSources } from './system-config.ts';
import { systemLanguage } from './system-language.ts';
import { readVersion } from './version.ts';

const [noun, verb, ...rest] = process.argv.slice(2);
if (noun === 'audit' && verb === 'verify') await orRefuse(() => runVerify(rest));
else if (noun === 'store') await orRefuse(() => runStore(process.argv.slice(3)));
else if (noun === 'doctor') await orRefuse(() => runDoctorVerb(process.argv.slice(3)));
else if (noun === 'support-bundle') await orRefuse(() => runSupportBundle(process.argv.slice(3)));
else await runMain(serve);

async function serve(config: Config): Promise<void> {
  if (config.processes > 1) return keepAll(config);
  const end = endAsked();
  const { runServer } = await import('./run-server.ts');
  const server = await runServer(config, readVersion());
  // Service managers send it to say: begin anew without a break. That takes several processes.
  process.on('SIGHUP', () =>
    server.log.warn('one process cannot be replaced without a break; restart it', {}),
  );
  try {
    const setupCode = await server.kernel.newSetupCode();
    const { listen, gatewayListen, pin } = server.kernel;
    const facts = { port: listen.port, gatewayPort: gatewayListen.port, pin, setupCode };
    process.stdout.write(printAddresses({ ...facts, language: config.language }));
    server.log.info('ready', { listen, gatewayListen });
    // At its end it would be written by itself; one that is killed has no end, and the next start would be the slower one.
    flushCompileCache();
    await end;
  } finally {
    await server.close();
  }
}

/** Loaded only here: a keeper of processes needs none of what they do. */
async function keepAll(config: Config): Promise<void> {
  const { keepProcesses } = await import('./processes/keep-processes.ts');
  await keepProcesses(config);
}

async function runStore(args: readonly string[]): Promise<void> {
  const { runStoreCommand } = await import('./store-commands/run-store-command.ts');
  process.stdout.write(await runStoreCommand(args, systemLanguage()));
}

/** Settings as the server itself would read them; `--json` is for this verb alone. */
async function runDoctorVerb(args: readonly string[]): Promise<void> {
  const { isWell, runDoctor, sayFindings } = await import('./doctor/run-doctor.ts');
  const config = readConfig({ ...systemSources(), args: args.filter((argument) => argument !== '--json') });
  const findings = await beside(config.dataDirectory, () => runDoctor(config, config.language));
  process.stdout.write(sayFindings(findings, { language: config.language, isJson: args.includes('--json') }));
  if (!isWell(findings)) process.exitCode = 1;
}

async function runSupportBundle(args: readonly string[]): Promise<void> {
  const { supportBundle } = await import('./doctor/support-bundle.ts');
  const config = readConfig({ ...systemSources(), args });
  process.stdout.write(await beside(config.dataDirectory, () => supportBundle(config, config.language)));
}

async function runVerify(args: readonly string[]): Promise<void> {
  const { verifyAudit } = await import('./verify-audit.ts');
  const { text, isIntact } = await verifyAudit(args, systemLanguage());
  process.stdout.write(text);
  if (!isIntact) process.exitCode = 1;
}
