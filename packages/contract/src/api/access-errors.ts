import { defineErrors } from '../errors.ts';

/** Why somebody is not let in, or may not give what they want to give. */
export const accessErrors = defineErrors({
  SETUP_CODE_WRONG: {
    status: 403,
    title: { en: 'The set-up code is not valid', zh: '初始化代码无效' },
    hint: {
      en: 'Use the link that the server printed at its latest start.',
      zh: '请使用服务器最近一次启动时打印的链接。',
    },
    retry: 'after-change',
  },
  SETUP_DONE: {
    status: 409,
    title: { en: 'This installation is already set up', zh: '本系统已完成初始化' },
    hint: { en: 'Sign in, or ask an administrator for an account.', zh: '请登录，或联系管理员开通账号。' },
    retry: 'never',
  },
  SIGN_IN_FAILED: {
    status: 401,
    title: { en: 'Name or password is wrong', zh: '用户名或密码错误' },
    hint: {
      en: 'Try again. An administrator can give you a new password.',
      zh: '请重试。管理员可以为您重设密码。',
    },
    retry: 'after-change',
  },
  TOKEN_INVALID: {
    status: 401,
    title: { en: 'The API token is unknown, expired or revoked', zh: 'API 令牌未知、已过期或已吊销' },
    hint: { en: 'Make a new one: pilothouse login', zh: '请重新获取：pilothouse login' },
    retry: 'after-change',
  },
  CROSS_SITE_REFUSED: {
    status: 403,
    title: { en: 'This request came from another web site', zh: '该请求来自其他网站' },
    hint: {
      en: 'Open the console itself, or call the API with a token.',
      zh: '请直接打开控制台，或使用令牌调用 API。',
    },
    retry: 'after-change',
  },
  PASSWORD_WEAK: {
    status: 400,
    title: { en: 'The password is too easy to guess: {problem}', zh: '密码过于简单：{problem}' },
    hint: {
      en: 'Take at least 12 characters that do not contain the name.',
      zh: '请使用至少 12 个字符，且不包含用户名。',
    },
    retry: 'after-change',
  },
  USER_EXISTS: {
    status: 409,
    title: { en: 'There is already a user {name}', zh: '用户 {name} 已存在' },
    hint: { en: 'Take another name.', zh: '请换一个用户名。' },
    retry: 'after-change',
  },
  LAST_ADMINISTRATOR: {
    status: 409,
    title: { en: '{name} is the last administrator', zh: '{name} 是最后一名管理员' },
    hint: { en: 'Make another one first.', zh: '请先设置另一名管理员。' },
    retry: 'after-change',
  },
  ROLE_EXISTS: {
    status: 409,
    title: { en: 'There is already a role {name}', zh: '角色 {name} 已存在' },
    hint: { en: 'Take another name, or change that one.', zh: '请换一个名称，或修改已有角色。' },
    retry: 'after-change',
  },
  ROLE_BUILT_IN: {
    status: 409,
    title: { en: 'The role {name} is built in', zh: '角色 {name} 为内置角色' },
    hint: { en: 'Make a role of your own beside it.', zh: '请另建自定义角色。' },
    retry: 'never',
  },
  ROLE_IN_USE: {
    status: 409,
    title: { en: 'The role {name} is held by {users}', zh: '角色 {name} 仍被 {users} 使用' },
    hint: { en: 'Take it from them first.', zh: '请先收回该角色。' },
    retry: 'after-change',
  },
  PERMISSION_UNKNOWN: {
    status: 400,
    title: { en: 'There is no permission {permission}', zh: '不存在权限 {permission}' },
    hint: { en: 'Did you mean {nearest}?', zh: '您是否想用 {nearest}？' },
    retry: 'after-change',
  },
  PERMISSION_NOT_BY_HOST: {
    status: 400,
    title: {
      en: '{permission} is for the whole installation and cannot be limited to hosts',
      zh: '{permission} 针对整个系统，不能限定到部分主机',
    },
    hint: {
      en: 'Put it into a grant whose hosts are "true".',
      zh: '请将其放入 hosts 为 "true" 的授权中。',
    },
    retry: 'after-change',
  },
  GRANT_EXCEEDS_OWN: {
    status: 403,
    title: {
      en: 'This would give more than you hold yourself: {permission} on {hosts}',
      zh: '这将授予超出您自身的权限：{hosts} 上的 {permission}',
    },
    hint: { en: 'Ask an administrator to do it.', zh: '请由管理员执行此操作。' },
    retry: 'after-change',
  },
  OIDC_OFF: {
    status: 404,
    title: { en: 'Single sign-on is not configured', zh: '未配置单点登录' },
    hint: {
      en: 'Set PILOTHOUSE_OIDC_ISSUER and its fellows, or sign in with a password.',
      zh: '请设置 PILOTHOUSE_OIDC_ISSUER 等参数，或使用密码登录。',
    },
    retry: 'after-change',
  },
  OIDC_FAILED: {
    status: 502,
    title: {
      en: 'The sign-in provider did not vouch for you: {problem}',
      zh: '身份提供方未能确认身份：{problem}',
    },
    hint: {
      en: 'Start the sign-in again; the server log has the cause.',
      zh: '请重新登录；原因见服务器日志。',
    },
    retry: 'later',
  },
  OIDC_NO_ROLE: {
    status: 403,
    title: { en: '{name} is in no group that has a role here', zh: '{name} 所在的组在此没有对应角色' },
    hint: {
      en: 'Ask an administrator to map one of your groups to a role.',
      zh: '请联系管理员将您的组映射到角色。',
    },
    retry: 'after-change',
  },
  TOKENS_TOO_MANY: {
    status: 409,
    title: { en: 'You have {max} API tokens, and nobody has more', zh: '您已有 {max} 个 API 令牌，已达上限' },
    hint: {
      en: 'Revoke what is not used: pilothouse tokens. A program keeps its token instead of signing in each time.',
      zh: '请吊销不再使用的令牌：pilothouse tokens。程序应保留令牌，而非每次重新登录。',
    },
    retry: 'after-change',
  },
  TOKEN_ROLE_NOT_HELD: {
    status: 403,
    title: { en: 'You do not hold the role {role} yourself', zh: '您自己没有角色 {role}' },
    hint: {
      en: 'A token has roles of its owner. To make one with {role} alone, make a user with that role for it.',
      zh: '令牌只能拥有其所有者的角色。如需仅含 {role} 的令牌，请为其创建拥有该角色的用户。',
    },
    retry: 'after-change',
  },
});
