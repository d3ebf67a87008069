import type { Message } from '@pilothouse/contract';
import { doctorTexts } from './doctor-texts.ts';

export type DoctorCode = keyof typeof doctorTexts;

/** One thing that was looked at. `warning`: works, and should be seen to. `problem`: does not, or soon will not, work. */
export interface DoctorFinding {
  readonly state: 'ok' | 'warning' | 'problem';
  readonly code: DoctorCode;
  readonly details: Readonly<Record<string, string | number>>;
}

const finding =
  (state: DoctorFinding['state']) =>
  (code: DoctorCode, details: DoctorFinding['details'] = {}): DoctorFinding => ({ state, code, details });

export const ok = finding('ok');
export const warning = finding('warning');
export const problem = finding('problem');

export interface DoctorText {
  readonly title: Message;
  /** Null where nothing needs to be done. */
  readonly hint: Message | null;
}
