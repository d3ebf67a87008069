/** How many hosts may be down at once, over all causes. Starts nothing and ends nothing itself. */
export { writeBudget } from './budgets-store.ts';
export {
  type BudgetsDeps,
  type BudgetsRoom,
  createBudgets,
  OFFLINE_GRACE_MS_DEFAULT,
} from './create-budgets.ts';
export { budgetsMigrations } from './migrations.ts';
export type {
  BudgetAnswer,
  BudgetLedger,
  BudgetRefusal,
  LeaseEnd,
  LeaseHolder,
  LeaseWish,
} from './service.ts';
