import type { DoctorFinding as Finding } from '@pilothouse/contract';
import type { doctorTexts } from './doctor-texts.ts';

export type DoctorCode = keyof typeof doctorTexts;
export type DoctorFinding = Finding<DoctorCode>;

const finding =
  (state: DoctorFinding['state']) =>
  (code: DoctorCode, details: DoctorFinding['details'] = {}): DoctorFinding => ({ state, code, details });

export const ok = finding('ok');
export const warning = finding('warning');
export const problem = finding('problem');
