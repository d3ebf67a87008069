/** The control plane alone, as a service manager runs it. For trying out on one machine see start.ts. */
import type { Config } from './config.ts';
import { printAddresses } from './print-start.ts';
import { endAsked, orRefuse, runMain, systemLanguage } from './run-main.ts';
import { runServer } from './run-server.ts';
import { readVersion } from './version.ts';

const [noun, verb, ...rest] = process.argv.slice(2);
if (noun === 'audit' && verb === 'verify') await orRefuse(() => runVerify(rest));
else await runMain(serve);

async function serve(config: Config): Promise<void> {
  const end = endAsked();
  const server = await runServer(config, readVersion());
  try {
    const setupCode = await server.kernel.newSetupCode();
    const { listen, gatewayListen, pin } = server.kernel;
    const facts = { port: listen.port, gatewayPort: gatewayListen.port, pin, setupCode };
    process.stdout.write(printAddresses({ ...facts, language: config.language }));
    server.log.info('ready', { listen, gatewayListen });
    await end;
  } finally {
    await server.close();
  }
}

async function runVerify(args: readonly string[]): Promise<void> {
  const { verifyAudit } = await import('./verify-audit.ts');
  const { text, isIntact } = await verifyAudit(args, systemLanguage());
  process.stdout.write(text);
  if (!isIntact) process.exitCode = 1;
}
