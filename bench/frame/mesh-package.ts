import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../lab/run-command.ts';

const PACKAGE = 'node_modules/meshcentral';

/** Says how to have it. */
export const MESH_COMMAND = 'npm install --prefix DIRECTORY meshcentral, then --meshcentral DIRECTORY';

/**
 * Where MeshCentral is: a peer, never a part of the product, so it lies outside of this clone. What is not there yet is
 * installed there by npm; null when that does not work.
 */
export async function meshPackage(directory: string, say: (text: string) => void): Promise<string | null> {
  const place = join(directory, PACKAGE);
  if (existsSync(place)) return place;
  say(`npm installs meshcentral in ${directory}`);
  mkdirSync(directory, { recursive: true });
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefix',
    directory,
    'meshcentral',
  ];
  const { exitCode, stderr } = await runCommand('npm', args);
  if (exitCode === 0) return place;
  say(`npm could not: ${stderr.trim().split('\n')[0] ?? ''}`);
  return null;
}
