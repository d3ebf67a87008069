/** The command-line room of files: `file`. */
import { defineCliPlugin } from '@pilothouse/cli-kit';
import { filesErrors } from '../contract/errors.ts';
import { filePush } from './file-push.ts';
import { fileStatus } from './file-status.ts';
import { fileForget, fileRemove } from './file-verbs.ts';

export const filesCli = defineCliPlugin({
  id: 'files',
  commands: [fileStatus, filePush, fileRemove, fileForget],
  errors: filesErrors,
});
