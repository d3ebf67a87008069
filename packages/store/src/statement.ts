/** What any engine answers to one statement. `changes` and `lastId` are null for statements that give rows. */
export interface StatementResult {
  readonly rows: readonly unknown[];
  readonly changes: number | null;
  readonly lastId: number | bigint | null;
}

/** Sends one statement to wherever it belongs. */
export type RunStatement = (sql: string, parameters: readonly unknown[]) => Promise<StatementResult>;
