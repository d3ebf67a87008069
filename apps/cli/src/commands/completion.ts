import { EXIT, one } from '@pilothouse/cli-kit';
import { defineAppCommand } from '../define-app-command.ts';

const SHELLS: Readonly<Record<string, string>> = {
  bash: `_pilothouse() {
  local IFS=$'\\n' line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("\${line%%$'\\t'*}"); done \\
    < <(pilothouse __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _pilothouse pilothouse
`,
  zsh: `#compdef pilothouse
_pilothouse() {
  local -a found
  local line
  for line in "\${(@f)$(pilothouse __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#found} )); then _describe pilothouse found; else _files; fi
}
compdef _pilothouse pilothouse
`,
  fish: `function __pilothouse_complete
  set -l words (commandline -opc) (commandline -ct)
  pilothouse __complete $words[2..-1] 2>/dev/null
end
complete -c pilothouse -a '(__pilothouse_complete)'
`,
};

/** Prints what a shell has to read so that it completes our lines. */
export const completionCommands = [
  defineAppCommand({
    path: 'completion',
    summary: { en: 'Print the completion script of a shell', zh: '输出 shell 补全脚本' },
    arguments: {
      shell: one({ en: 'bash, zsh or fish', zh: 'bash、zsh 或 fish' }, Object.keys(SHELLS)),
    },
    options: {},
    examples: [
      {
        line: 'source <(pilothouse completion bash)',
        about: { en: 'Complete in this bash', zh: '在当前 bash 中启用补全' },
      },
      {
        line: 'pilothouse completion fish > ~/.config/fish/completions/pilothouse.fish',
        about: { en: 'Complete in every fish', zh: '在所有 fish 中启用补全' },
      },
    ],
    async run(context, { args }) {
      context.terminal.write(SHELLS[args.shell] ?? '');
      return EXIT.ok;
    },
  }),
];
