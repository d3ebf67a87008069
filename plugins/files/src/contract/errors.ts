import { defineErrors } from '@pilothouse/contract';

/** How an action on a file can fail on a host. */
export const filesErrors = defineErrors({
  FILES_NOT_REGULAR: {
    status: 422,
    title: { en: '{path} is {what}, not a file', zh: '{path} 是 {what}，不是普通文件' },
    hint: {
      en: 'Links and directories are left alone. Name the file that the link points to.',
      zh: '不会改动链接和目录。请指定链接指向的文件。',
    },
    retry: 'after-change',
  },
  FILES_DIRECTORY_MISSING: {
    status: 422,
    title: { en: 'There is no directory {directory} on the host', zh: '主机上没有目录 {directory}' },
    hint: {
      en: 'Install the package that brings it, or make it first.',
      zh: '请先安装相应软件包，或创建该目录。',
    },
    retry: 'after-change',
  },
  FILES_OWNER_UNKNOWN: {
    status: 422,
    title: { en: 'There is no user or group {name} on the host', zh: '主机上没有用户或组 {name}' },
    hint: { en: 'Check the name, or make it first.', zh: '请检查名称，或先创建。' },
    retry: 'after-change',
  },
  FILES_TOO_LARGE: {
    status: 422,
    title: {
      en: '{path} has {sizeBytes} bytes; at most {limitBytes} can be managed',
      zh: '{path} 大小为 {sizeBytes} 字节；最多可管理 {limitBytes} 字节',
    },
    hint: { en: 'Larger files come in packages or images.', zh: '更大的文件应通过软件包或镜像分发。' },
    retry: 'never',
  },
  FILES_VALIDATION_FAILED: {
    status: 422,
    title: {
      en: '{program} refused the new {path} (exit code {exitCode}); nothing was changed',
      zh: '{program} 拒绝了新的 {path}（退出码 {exitCode}）；未作任何更改',
    },
    hint: { en: 'What it said is in the output of the task.', zh: '其输出见任务输出。' },
    retry: 'after-change',
  },
  FILES_RELOAD_FAILED: {
    status: 422,
    title: {
      en: '{verb} of {unit} failed with the new {path}; the old file is back',
      zh: '使用新的 {path} 执行 {unit} 的 {verb} 失败；已恢复旧文件',
    },
    hint: { en: 'What it said is in the output of the task.', zh: '其输出见任务输出。' },
    retry: 'after-change',
  },
  FILES_CHANGED_SINCE: {
    status: 422,
    title: { en: '{path} was changed by somebody else since', zh: '{path} 此后已被他人更改' },
    hint: {
      en: 'Undoing would lose that change. Look at the file, then set it as it shall be.',
      zh: '撤销会丢失该更改。请检查文件，然后重新设定。',
    },
    retry: 'after-change',
  },
  FILES_LABEL_NOT_FILLED: {
    status: 422,
    title: {
      en: 'The template of {path} asks for the label {label}, and the plan does not say it',
      zh: '{path} 的模板需要标签 {label}，但计划中没有该值',
    },
    hint: {
      en: 'A host does not know its labels: make the plan with a server that fills them in, of this version or newer.',
      zh: '主机并不知道自己的标签：请用会填入标签的服务器（此版本或更新）制定计划。',
    },
    retry: 'after-change',
  },
  FILES_LIST_FULL: {
    status: 422,
    title: { en: 'The host manages {limit} files already', zh: '主机已管理 {limit} 个文件' },
    hint: { en: 'Forget some, or ship them as a package.', zh: '请停止管理一部分，或以软件包分发。' },
    retry: 'after-change',
  },
  FILES_LIST_DAMAGED: {
    status: 422,
    title: { en: 'The list of managed files on the host cannot be read', zh: '无法读取主机上的受管文件清单' },
    hint: {
      en: 'Move {path} away on the host and set the files again.',
      zh: '请在主机上移走 {path}，然后重新设置这些文件。',
    },
    retry: 'after-change',
  },
  FILES_IO: {
    status: 422,
    title: { en: '{path} could not be written: {reason}', zh: '无法写入 {path}：{reason}' },
    hint: {
      en: 'ENOSPC: free space. EROFS or EACCES: look at the file system and its attributes.',
      zh: 'ENOSPC：请释放空间。EROFS 或 EACCES：请检查文件系统及其属性。',
    },
    retry: 'after-change',
  },
});
