import { moment, note, printRecord } from '@pilothouse/cli-kit';
import type { PlanAuthority } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';

const RIGHT_LOST = {
  en: 'may not approve it any more, so it does not count',
  zh: '已无批准权限，不再计入',
};

export function showAuthority(context: AppContext, authority: PlanAuthority): void {
  const { say } = context;
  const { approvals, signatures, mandate } = authority;
  printRecord(context, authority, [
    [say({ en: 'plan', zh: '计划' }), authority.planDigest],
    [say({ en: 'made by', zh: '制定者' }), authority.author],
    [
      say({ en: 'effect', zh: '影响' }),
      authority.effect + (authority.isArbitrary ? say({ en: ', brings code', zh: '，携带代码' }) : ''),
    ],
    [
      say({ en: 'approvals', zh: '批准' }),
      say({ en: '{given} of {required} needed', zh: '{given} / 需 {required}' }, { ...authority }),
    ],
    ...approvals.map(
      ({ person, at, comment, isGood = true }) =>
        ['', `${person}, ${moment(at)} ${comment}`.trim() + (isGood ? '' : ` (${say(RIGHT_LOST)})`)] as const,
    ),
    [say({ en: 'signatures', zh: '签名' }), String(signatures.filter(({ isGood }) => isGood).length)],
    ...signatures.map(
      ({ person, keyId, at, isGood }) =>
        [
          '',
          `${person}, ${keyId}, ${moment(at)}${isGood ? '' : ` (${say({ en: 'no longer good', zh: '已失效' })})`}`,
        ] as const,
    ),
    ...(mandate === null
      ? []
      : [[say({ en: 'mandate', zh: '授权书' }), `${mandate.title}, ${mandate.id}`] as const]),
  ]);
  if (mandate?.isBreakGlass === true)
    note(context, say({ en: 'Break-glass: everybody is told.', zh: '紧急授权：已通知所有人。' }));
}
