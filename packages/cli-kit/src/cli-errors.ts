import { defineErrors } from '@pilothouse/contract';
import { keyErrors } from './key-errors.ts';

/** What the command line itself refuses, before anything is sent. */
export const cliErrors = defineErrors({
  ...keyErrors,
  CLI_VERB_UNKNOWN: {
    status: 400,
    title: { en: 'There is no command {verb}', zh: '没有命令 {verb}' },
    hint: { en: 'Did you mean: {nearest}', zh: '您是否想用：{nearest}' },
    retry: 'after-change',
  },
  CLI_OPTION_UNKNOWN: {
    status: 400,
    title: { en: '{command} has no option {option}', zh: '{command} 没有选项 {option}' },
    hint: {
      en: 'Nearest: {nearest}. All of them: {command} --help',
      zh: '最接近的是：{nearest}。全部选项：{command} --help',
    },
    retry: 'after-change',
  },
  CLI_ARGUMENT_MISSING: {
    status: 400,
    title: { en: '{command} needs {argument}', zh: '{command} 需要 {argument}' },
    hint: { en: 'See: {command} --help', zh: '请查看：{command} --help' },
    retry: 'after-change',
  },
  CLI_SUBCOMMAND_UNKNOWN: {
    status: 400,
    title: { en: '{command} has no subcommand {name}', zh: '{command} 没有子命令 {name}' },
    hint: { en: 'Did you mean: {command} {nearest}', zh: '您是否想用：{command} {nearest}' },
    retry: 'after-change',
  },
  CLI_ARGUMENT_EXTRA: {
    status: 400,
    title: {
      en: '{command} takes fewer arguments: {extra} is one too many',
      zh: '{command} 参数过多：多余的是 {extra}',
    },
    hint: {
      en: 'Its subcommands and arguments: {command} --help',
      zh: '查看其子命令和参数：{command} --help',
    },
    retry: 'after-change',
  },
  CLI_LINE_INVALID: {
    status: 400,
    title: { en: 'The line is not valid: {problem}', zh: '命令行无效：{problem}' },
    hint: { en: 'See: {command} --help', zh: '请查看：{command} --help' },
    retry: 'after-change',
  },
  CLI_VALUE_INVALID: {
    status: 400,
    title: { en: 'The value {value} does not fit', zh: '值 {value} 不符合要求' },
    hint: { en: 'It must be: {expected}', zh: '应为：{expected}' },
    retry: 'after-change',
  },
  CLI_OPTIONS_CONFLICT: {
    status: 400,
    title: {
      en: '{first} and {second} say different things of the same',
      zh: '{first} 与 {second} 相互矛盾',
    },
    hint: { en: 'Give one of them.', zh: '请只使用其中一个。' },
    retry: 'after-change',
  },
  CLI_CHOOSE_ONE: {
    status: 400,
    title: { en: '{given} exclude each other', zh: '{given} 不能同时使用' },
    hint: { en: 'Choose exactly one of {options}.', zh: '请只选择其中一个：{options}。' },
    retry: 'after-change',
  },
  CLI_NO_GATE_WAITS: {
    status: 409,
    title: {
      en: 'No gate of rollout {rolloutId} waits for a person now',
      zh: '发布 {rolloutId} 当前没有等待人工确认的关卡',
    },
    hint: {
      en: 'It may have been confirmed already. See what it does: pilothouse rollout {rolloutId}',
      zh: '可能已经确认。查看当前状态：pilothouse rollout {rolloutId}',
    },
    retry: 'after-change',
  },
  CLI_PLAN_FILE_INVALID: {
    status: 400,
    title: {
      en: 'The plan file {path} is not valid at {where}: {problem}',
      zh: '计划文件 {path} 在 {where} 处无效：{problem}',
    },
    hint: {
      en: 'An example with all that a plan can say: pilothouse plan schema',
      zh: '包含全部内容的示例：pilothouse plan schema',
    },
    retry: 'after-change',
  },
  CLI_NEEDS_YES: {
    status: 400,
    title: {
      en: 'This asks before it acts, and there is nobody to ask: {question}',
      zh: '此操作需要确认，但当前无人应答：{question}',
    },
    hint: {
      en: 'Look at what it would do, then add --yes.',
      zh: '请确认其影响后加上 --yes。',
    },
    retry: 'after-change',
  },
  CLI_NEEDS_TARGET: {
    status: 400,
    title: { en: 'No hosts were named', zh: '未指定主机' },
    hint: {
      en: 'Name them: -s \'label.role == "web"\', --host NAME, --group PATH, or --all',
      zh: '请指定：-s \'label.role == "web"\'、--host 名称、--group 路径，或 --all',
    },
    retry: 'after-change',
  },
  CLI_NOT_SIGNED_IN: {
    status: 401,
    title: { en: 'This computer is not signed in to any server', zh: '本机尚未登录任何服务器' },
    hint: {
      en: 'Run: pilothouse login https://SERVER:7443 — or set PILOTHOUSE_SERVER and PILOTHOUSE_TOKEN.',
      zh: '请运行：pilothouse login https://服务器:7443，或设置 PILOTHOUSE_SERVER 和 PILOTHOUSE_TOKEN。',
    },
    retry: 'after-change',
  },
  CLI_CONFIG_UNREADABLE: {
    status: 500,
    title: { en: 'Cannot read {path}: {reason}', zh: '无法读取 {path}：{reason}' },
    hint: { en: 'Repair or remove the file, then sign in again.', zh: '请修复或删除该文件后重新登录。' },
    retry: 'after-change',
  },
  CLI_PIN_MISMATCH: {
    status: 495,
    title: {
      en: 'The server {url} presents another authority than the pin says',
      zh: '服务器 {url} 出示的证书颁发机构与指纹不符',
    },
    hint: {
      en: 'Compare the pin with what the server printed at its start; if it is right, somebody stands between you and the server.',
      zh: '请与服务器启动时打印的指纹核对；若指纹无误，则可能有人在中间拦截连接。',
    },
    retry: 'after-change',
  },
  CLI_FILE_UNREADABLE: {
    status: 400,
    title: { en: 'Cannot read the file {path}: {reason}', zh: '无法读取文件 {path}：{reason}' },
    hint: { en: 'Check its name, its permissions and what is in it.', zh: '请检查文件名、权限和内容。' },
    retry: 'after-change',
  },
  CLI_SERVER_PROGRAM_MISSING: {
    status: 400,
    title: { en: 'Cannot start pilothouse-server: {reason}', zh: '无法启动 pilothouse-server：{reason}' },
    hint: {
      en: 'A store file is checked by the server program: run this where it is installed and on the PATH.',
      zh: '存储文件由服务器程序校验：请在安装了该程序且位于 PATH 中的机器上运行。',
    },
    retry: 'after-change',
  },
  CLI_OUTPUT_FAILED: {
    status: 500,
    title: { en: 'Cannot write the output: {reason}', zh: '无法写出结果：{reason}' },
    hint: {
      en: 'What was written is not all of it. Make room or write elsewhere, then run it again.',
      zh: '已写出的内容不完整。请腾出空间或改写到别处，然后重新运行。',
    },
    retry: 'after-change',
  },
  CLI_INTERNAL: {
    status: 500,
    title: { en: 'The command line broke: {problem}', zh: '命令行程序出错：{problem}' },
    hint: {
      en: 'This is a fault of the program. Run it again with PILOTHOUSE_DEBUG=1 and report what it prints.',
      zh: '这是程序缺陷。请设置 PILOTHOUSE_DEBUG=1 重新运行，并报告其输出。',
    },
    retry: 'never',
  },
});
