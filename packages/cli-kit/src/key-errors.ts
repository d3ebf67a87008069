import { defineErrors } from '@pilothouse/contract';

/** What can go wrong with a person's own key, and with what is signed by it. */
export const keyErrors = defineErrors({
  CLI_KEY_FILE_DAMAGED: {
    status: 400,
    title: { en: 'The key file {path} cannot be used: {reason}', zh: '密钥文件 {path} 无法使用：{reason}' },
    hint: {
      en: 'Restore it from a copy, or make and register another: pilothouse key create',
      zh: '请从副本恢复，或另行创建并登记：pilothouse key create',
    },
    retry: 'after-change',
  },
  CLI_KEY_EXISTS: {
    status: 409,
    title: { en: 'There is a key file {path} already', zh: '密钥文件 {path} 已存在' },
    hint: { en: 'Give the new one another name: --name NAME', zh: '请为新密钥换个名称：--name 名称' },
    retry: 'after-change',
  },
  CLI_PASSPHRASE_WRONG: {
    status: 400,
    title: { en: 'The passphrase does not open {path}', zh: '口令无法打开 {path}' },
    hint: {
      en: 'Try again. A forgotten passphrase cannot be got back: make another key.',
      zh: '请重试。遗忘的口令无法找回：请另建密钥。',
    },
    retry: 'after-change',
  },
  CLI_PASSPHRASE_SHORT: {
    status: 400,
    title: { en: 'The passphrase has fewer than {charsMin} characters', zh: '口令不足 {charsMin} 个字符' },
    hint: {
      en: 'Whoever copies the file tries passphrases as fast as they can. Take several words.',
      zh: '拿到文件的人可以不断尝试口令。请使用多个单词。',
    },
    retry: 'after-change',
  },
  CLI_KEY_NONE: {
    status: 404,
    title: { en: 'No key to sign with was found here', zh: '本机未找到可用于签名的密钥' },
    hint: {
      en: 'Make one: pilothouse key create — or register one of your ssh-agent: pilothouse key add --ssh-agent',
      zh: '请创建：pilothouse key create，或登记 ssh-agent 中的密钥：pilothouse key add --ssh-agent',
    },
    retry: 'after-change',
  },
  CLI_KEY_AMBIGUOUS: {
    status: 400,
    title: { en: 'Several keys could sign: {keys}', zh: '有多把密钥可用：{keys}' },
    hint: { en: 'Choose one: --key ID', zh: '请选择：--key 标识' },
    retry: 'after-change',
  },
  CLI_SSH_AGENT_UNUSABLE: {
    status: 400,
    title: { en: 'The ssh-agent cannot be used: {reason}', zh: '无法使用 ssh-agent：{reason}' },
    hint: {
      en: 'Start it and add an ed25519 key: eval $(ssh-agent); ssh-add ~/.ssh/id_ed25519',
      zh: '请启动并加入 ed25519 密钥：eval $(ssh-agent); ssh-add ~/.ssh/id_ed25519',
    },
    retry: 'after-change',
  },
  CLI_PLAN_MISMATCH: {
    status: 409,
    title: {
      en: 'What the server shows is not the plan {digest}: {problem}',
      zh: '服务器给出的内容不是计划 {digest}：{problem}',
    },
    hint: {
      en: 'Do not sign it. Check the digest; if it is right, the server is wrong or newer than this program.',
      zh: '请勿签署。请核对摘要；若摘要无误，则服务器有问题或版本新于本程序。',
    },
    retry: 'never',
  },
  CLI_PLAN_PARTLY_SEEN: {
    status: 403,
    title: {
      en: 'You see {seen} of the {count} hosts of this plan',
      zh: '该计划共 {count} 台主机，您只能看到 {seen} 台',
    },
    hint: {
      en: 'A signature is for all of it. Ask somebody whose role lets them see every host.',
      zh: '签名针对整个计划。请由能看到全部主机的人签署。',
    },
    retry: 'after-change',
  },
});
