/** The control plane alone, as a service manager runs it. For trying out on one machine see start.ts. */
import { printAddresses } from './print-start.ts';
import { endAsked, runMain } from './run-main.ts';
import { runServer } from './run-server.ts';
import { readVersion } from './version.ts';

await runMain(async (config) => {
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
});
