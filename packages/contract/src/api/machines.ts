import { defineErrors } from '../errors.ts';

/** What can be wrong between the machines of one installation. */
export const machinesErrors = defineErrors({
  CLUSTER_KEY_MISSING: {
    status: 500,
    title: {
      en: 'The keys of this installation are in its database, sealed, and {path} is not there to open them',
      zh: '本安装的密钥以加密形式存放在数据库中，但缺少用于解密的 {path}',
    },
    hint: {
      en: 'Copy the file from a machine that has it, or from a backup; for its owner alone: chmod 600.',
      zh: '请从已有该文件的机器或备份中复制，并仅允许属主读取：chmod 600。',
    },
    retry: 'after-change',
  },
  CLUSTER_KEY_WRONG: {
    status: 500,
    title: {
      en: '{path} does not open the key {name} in the database',
      zh: '{path} 无法解开数据库中的密钥 {name}',
    },
    hint: {
      en: 'It is the file of another installation, or either was changed. Copy it from a machine that works.',
      zh: '该文件属于其他安装，或其中之一已被更改。请从正常工作的机器复制。',
    },
    retry: 'after-change',
  },
});
