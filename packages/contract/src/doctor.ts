/**
 * What `doctor` says, on the server as on a host: one finding for each thing it looked at, and below what is not well the next
 * step. A program brings the texts of its own findings; the checks themselves are its own, too.
 */
import { type Language, type Message, renderMessage } from './message.ts';

/** One thing that was looked at. `warning`: works, and should be seen to. `problem`: does not, or soon will not, work. */
export interface DoctorFinding<Code extends string = string> {
  readonly state: 'ok' | 'warning' | 'problem';
  readonly code: Code;
  readonly details: Readonly<Record<string, string | number | Message>>;
}

export interface DoctorText {
  readonly title: Message;
  /** The next step; null where nothing needs to be done. */
  readonly hint: Message | null;
}

export type DoctorTexts<Code extends string> = Readonly<Record<Code, DoctorText>>;

export const doctorText = (en: string, zh: string, hint?: readonly [en: string, zh: string]): DoctorText => ({
  title: { en, zh },
  hint: hint === undefined ? null : { en: hint[0], zh: hint[1] },
});

const MARKS = { ok: '✓', warning: '!', problem: '✗' } as const;

/** One line a finding, and below it what to do. */
export function printDoctor<Code extends string>(
  findings: readonly DoctorFinding<Code>[],
  texts: DoctorTexts<Code>,
  language: Language,
): string {
  return findings
    .map(({ state, code, details }) => {
      const { title, hint } = texts[code];
      const line = `${MARKS[state]} ${renderMessage(title, language, details)}\n`;
      const isHinted = state !== 'ok' && hint !== null;
      return isHinted ? `${line}    ${renderMessage(hint, language, details)}\n` : line;
    })
    .join('');
}

/** For programs: each finding with its texts in both languages, their `{placeholders}` filled from `details`. */
export function doctorJson<Code extends string>(
  findings: readonly DoctorFinding<Code>[],
  texts: DoctorTexts<Code>,
): string {
  const filled = (message: Message, details: DoctorFinding['details']): Message => ({
    en: renderMessage(message, 'en', details),
    zh: renderMessage(message, 'zh', details),
  });
  const said = findings.map((finding) => {
    const { title, hint } = texts[finding.code];
    const isHinted = finding.state !== 'ok' && hint !== null;
    return {
      ...finding,
      title: filled(title, finding.details),
      hint: isHinted ? filled(hint, finding.details) : null,
    };
  });
  return `${JSON.stringify({ findings: said })}\n`;
}

export const isWell = (findings: readonly DoctorFinding[]): boolean =>
  findings.every(({ state }) => state !== 'problem');
