/** How many hosts may be down at once, over all causes. Starts nothing and ends nothing itself. */
export { type BudgetsDeps, type BudgetsRoom, createBudgets } from './create-budgets.ts';
export { budgetsMigrations } from './migrations.ts';
export type {
  BudgetAnswer,
  BudgetLedger,
  BudgetRefusal,
  LeaseEnd,
  LeaseHolder,
  LeaseWish,
} from './service.ts';
