import { toTimestamp } from '@pilothouse/contract';
import { type Script, ScriptContent, type ScriptVersion } from '../contract/script.ts';
import type { ScriptRow, VersionRow } from './store.ts';

const contentOf = (json: string): ScriptContent => ScriptContent.parse(JSON.parse(json));

export function scriptOf(row: ScriptRow, latestContent: string): Script {
  const { description, effect } = contentOf(latestContent);
  return {
    name: row.name,
    description,
    effect,
    latestVersion: row.latest_version,
    publishedVersion: row.published_version,
    createdAt: toTimestamp(row.created_at),
    updatedAt: toTimestamp(row.updated_at),
  };
}

export const versionOf = (row: VersionRow): ScriptVersion => ({
  ...contentOf(row.content),
  script: row.script_name,
  version: row.version,
  state: row.state,
  textDigest: row.text_digest,
  createdBy: row.created_by,
  createdAt: toTimestamp(row.created_at),
  publishedBy: row.published_by,
  publishedAt: row.published_at === null ? null : toTimestamp(row.published_at),
  etag: String(row.revision),
});
