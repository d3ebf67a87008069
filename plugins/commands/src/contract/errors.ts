import { defineErrors } from '@pilothouse/contract';

/** How a command can fail on a host. The exit code is the process's own word; these say it in ours. */
export const commandErrors = defineErrors({
  COMMANDS_NOT_FOUND: {
    status: 422,
    title: { en: 'There is no command {program} on the host', zh: '主机上没有命令 {program}' },
    hint: {
      en: 'Check the spelling and that its package is installed. A line with pipes, quotes or variables is for a shell: use --shell.',
      zh: '请检查拼写以及相应软件包是否已安装。含管道、引号或变量的命令行需由 shell 解释：请使用 --shell。',
    },
    retry: 'after-change',
  },
  COMMANDS_NOT_EXECUTABLE: {
    status: 422,
    title: { en: '{program} cannot be executed: {reason}', zh: '无法执行 {program}：{reason}' },
    hint: {
      en: 'Check its mode, its first line, and that its file system is not mounted noexec.',
      zh: '请检查其权限、首行解释器，以及所在文件系统是否以 noexec 挂载。',
    },
    retry: 'after-change',
  },
  COMMANDS_NOT_FOUND_INSIDE: {
    status: 422,
    title: {
      en: 'It ended with exit code 127: a command inside it does not exist on the host',
      zh: '退出码 127：其中某个命令在主机上不存在',
    },
    hint: { en: 'The error output names the command.', zh: '错误输出中有该命令的名称。' },
    retry: 'after-change',
  },
  COMMANDS_INTERPRETER_MISSING: {
    status: 422,
    title: { en: 'The interpreter {interpreter} is not on the host', zh: '主机上没有解释器 {interpreter}' },
    hint: {
      en: 'Install it, or choose another interpreter.',
      zh: '请安装该解释器，或改用其他解释器。',
    },
    retry: 'after-change',
  },
  COMMANDS_USER_UNKNOWN: {
    status: 422,
    title: { en: 'There is no user {user} on the host', zh: '主机上没有用户 {user}' },
    hint: { en: 'Check the name, or leave the user out.', zh: '请检查用户名，或不指定用户。' },
    retry: 'after-change',
  },
  COMMANDS_USER_NEEDS_ROOT: {
    status: 422,
    title: {
      en: 'The agent does not run as root, so it cannot act as {user}',
      zh: 'agent 未以 root 运行，无法以 {user} 身份执行',
    },
    hint: {
      en: 'Leave the user out, or run the agent as root.',
      zh: '请不要指定用户，或以 root 运行 agent。',
    },
    retry: 'after-change',
  },
  COMMANDS_DIRECTORY_MISSING: {
    status: 422,
    title: { en: 'There is no directory {directory} on the host', zh: '主机上没有目录 {directory}' },
    hint: { en: 'Create it, or choose another one.', zh: '请创建该目录，或选择其他目录。' },
    retry: 'after-change',
  },
  COMMANDS_EXIT_CODE: {
    status: 422,
    title: { en: 'It ended with exit code {exitCode}', zh: '退出码为 {exitCode}' },
    hint: { en: 'Its output says why.', zh: '原因见其输出。' },
    retry: 'after-change',
  },
  COMMANDS_SIGNAL: {
    status: 422,
    title: { en: 'It was ended by signal {signal}', zh: '被信号 {signal} 终止' },
    hint: {
      en: 'Somebody or the kernel ended it (SIGKILL: often for want of memory). Look into the host’s journal.',
      zh: '由他人或内核终止（SIGKILL 常因内存不足）。请查看主机日志。',
    },
    retry: 'after-change',
  },
  COMMANDS_TIMED_OUT: {
    status: 422,
    title: { en: 'It did not end within its time limit', zh: '未在时限内结束' },
    hint: {
      en: 'It was ended with everything it had started. Give it more time with --timeout.',
      zh: '已将其及其启动的所有进程终止。可用 --timeout 延长时限。',
    },
    retry: 'after-change',
  },
  COMMANDS_CANCELLED: {
    status: 422,
    title: { en: 'It was cancelled while it ran', zh: '执行中被取消' },
    hint: { en: 'What it had done until then stays done.', zh: '此前已执行的部分不会撤销。' },
    retry: 'after-change',
  },
});

/** What the script library refuses. */
export const scriptErrors = defineErrors({
  COMMANDS_SCRIPT_EXISTS: {
    status: 409,
    title: { en: 'There is a script {name} already', zh: '脚本 {name} 已存在' },
    hint: {
      en: 'Choose another name, or add a version to it.',
      zh: '请换一个名称，或为其新增版本。',
    },
    retry: 'after-change',
  },
  COMMANDS_DRAFT_EXISTS: {
    status: 409,
    title: {
      en: 'Script {name} has a draft already: version {version}',
      zh: '脚本 {name} 已有草稿：版本 {version}',
    },
    hint: { en: 'Change or publish that draft first.', zh: '请先修改或发布该草稿。' },
    retry: 'after-change',
  },
  COMMANDS_VERSION_PUBLISHED: {
    status: 409,
    title: {
      en: 'Version {version} of script {name} is published and never changes',
      zh: '脚本 {name} 的版本 {version} 已发布，不可更改',
    },
    hint: { en: 'Add a new version.', zh: '请新增一个版本。' },
    retry: 'never',
  },
  COMMANDS_NOT_PUBLISHED: {
    status: 409,
    title: { en: 'Script {name} has no published version', zh: '脚本 {name} 没有已发布的版本' },
    hint: {
      en: 'Publish a version, or name the draft’s version to try it out.',
      zh: '请发布一个版本，或指定草稿版本号进行试运行。',
    },
    retry: 'after-change',
  },
  COMMANDS_PARAMETER_MISSING: {
    status: 422,
    title: { en: 'Script {script} needs the parameter {name}', zh: '脚本 {script} 需要参数 {name}' },
    hint: { en: 'Give it: --param {name}=…', zh: '请提供该参数：--param {name}=…' },
    retry: 'after-change',
  },
  COMMANDS_PARAMETER_UNKNOWN: {
    status: 422,
    title: { en: 'Script {script} has no parameter {name}', zh: '脚本 {script} 没有参数 {name}' },
    hint: { en: 'It knows: {known}', zh: '可用参数：{known}' },
    retry: 'after-change',
  },
  COMMANDS_PARAMETER_INVALID: {
    status: 422,
    title: {
      en: 'The value of parameter {name} does not fit: it must be {expected}',
      zh: '参数 {name} 的值不符合要求：应为 {expected}',
    },
    hint: { en: 'Correct the value.', zh: '请更正该值。' },
    retry: 'after-change',
  },
});
