/** The agent room of files: puts files as they shall be, takes that back, and looks whether they still are. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';
import { forgetFileAction } from './forget-file.ts';
import { manageFileAction } from './manage-file.ts';
import { managedFilesWatch } from './watch-managed-files.ts';

export const filesAgent = defineAgentPlugin({
  id: 'files',
  collectors: async () => [(await import('./collect-managed-files.ts')).managedFilesCollector],
  actions: [manageFileAction, forgetFileAction],
  watches: [managedFilesWatch],
});
