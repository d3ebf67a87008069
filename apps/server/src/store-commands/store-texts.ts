import { defineMessages } from '@pilothouse/contract';

/** What the store commands say when they are done. */
export const storeTexts = defineMessages({
  backedUp: {
    en: '{path} is a copy of {store}: {tables} {tables:table|tables}, {rows} {rows:row|rows}, with the private keys. Keep it as safe as they are.',
    zh: '{path} 是 {store} 的副本：{tables} 张表，{rows} 行，含私钥。请像保管私钥一样保管它。',
  },
  restored: {
    en: '{store} is as it was at {takenAt}: {tables} {tables:table|tables}, {rows} {rows:row|rows}, checked. The next start pauses what was under way.',
    zh: '{store} 已恢复到 {takenAt}：{tables} 张表，{rows} 行，已校验。下次启动时会暂停未完成的发布。',
  },
  moved: {
    en: '{to} holds what {from} holds: {tables} {tables:table|tables}, {rows} {rows:row|rows}, counts and digests alike. Start the server with it: PILOTHOUSE_STORE=…',
    zh: '{to} 与 {from} 内容一致：{tables} 张表，{rows} 行，行数与摘要相同。请用它启动服务器：PILOTHOUSE_STORE=…',
  },
  pending: {
    en: 'The next start would bring {count} {count:change|changes} to {store}; nothing was touched.{list}',
    zh: '下次启动将对 {store} 应用 {count} 项变更；现在未做任何更改。{list}',
  },
  upgraded: {
    en: '{store} has received {count} {count:change|changes}.{list}',
    zh: '{store} 已应用 {count} 项变更。{list}',
  },
  newEpoch: {
    en: '{store} begins epoch {epoch}: the next start pauses what was under way.',
    zh: '{store} 进入第 {epoch} 纪元：下次启动时会暂停未完成的发布。',
  },
});
