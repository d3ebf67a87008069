/** One measured value. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Null: printed for what it is. */
  readonly budget: number | null;
  /** A budget is a ceiling, unless it says otherwise. */
  readonly isFloor?: boolean;
  /** What it is compared with, and how many times the peer's value ours is. */
  readonly peer?: string;
  readonly ratio?: number;
}

export interface Report {
  readonly name: string;
  readonly hosts: number;
  /** All of it, preparations included. */
  readonly seconds: number;
  /** Of the machine, in the minute before its end. */
  readonly load: number;
  readonly figures: readonly Figure[];
  /** What could not be measured, and what to do about it. */
  readonly notes?: readonly string[];
}

/** Null where there is no budget. */
export function holds({ budget, isFloor, value }: Figure): boolean | null {
  if (budget === null) return null;
  return isFloor === true ? value >= budget : value <= budget;
}

/** A value that is printed for what it is. */
export const plain = (what: string, value: number, unit: string): Figure => ({
  what,
  value,
  unit,
  budget: null,
});
/** A value that must not be above its budget. */
export const ceiling = (what: string, value: number, unit: string, budget: number): Figure => ({
  what,
  value,
  unit,
  budget,
});
