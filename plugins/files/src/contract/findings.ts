import { defineFinding } from '@pilothouse/contract';

export const fileDrifted = defineFinding({
  kind: 'files.drifted',
  severity: 'medium',
  title: {
    en: 'Managed file {path} is not as it was set ({drift})',
    zh: '受管文件 {path} 与设定不符（{drift}）',
  },
  hint: {
    en: 'See what changed with a dry run of the plan that set it; set it again, or stop managing it: pilothouse file forget {path}',
    zh: '对设置它的计划做一次演练可查看差异；重新设置，或停止管理：pilothouse file forget {path}',
  },
  remedy: 'files.manage',
});
