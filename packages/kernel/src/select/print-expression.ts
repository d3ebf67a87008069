import { type ASTNode, serialize } from '@marcbachmann/cel-js';

/**
 * An expression as text that parses to the same tree. The library's own printer leaves out parentheses that matter
 * (`a - (b - c)` becomes `a - b - c`) and prints `1e30` and "😀" as something that it cannot read; so every operation gets its
 * pair, and only names and what is seldom are left to the library. `matches` becomes `matchesLinear` (see selector-environment.ts).
 */
export function printExpression(node: ASTNode): string {
  switch (node.op) {
    case 'value':
      if (typeof node.args === 'string') return printText(node.args);
      return typeof node.args === 'number' ? printDouble(node.args) : serialize(node);
    case 'id':
      return node.args;
    case '.':
      return `${printExpression(node.args[0])}.${node.args[1]}`;
    case '[]':
      return `${printExpression(node.args[0])}[${printExpression(node.args[1])}]`;
    case 'call':
      return `${node.args[0]}(${printList(node.args[1])})`;
    case 'rcall': {
      const [name, receiver, args] = node.args;
      return `${printExpression(receiver)}.${name === 'matches' ? 'matchesLinear' : name}(${printList(args)})`;
    }
    case 'list':
      return `[${printList(node.args)}]`;
    case 'map':
      return `{${node.args.map(([key, value]) => `${printExpression(key)}: ${printExpression(value)}`).join(', ')}}`;
    case '!_':
      return `(!${printExpression(node.args)})`;
    case '-_':
      return `(-${printExpression(node.args)})`;
    case '?:': {
      const [condition, yes, no] = node.args;
      return `(${printExpression(condition)} ? ${printExpression(yes)} : ${printExpression(no)})`;
    }
    case '.?':
    case '[?]':
      // The environment does not switch these on, so the parser never makes them.
      throw new Error(`no printer for ${node.op}`);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '&&':
    case '||':
      return `(${printExpression(node.args[0])} ${node.op} ${printExpression(node.args[1])})`;
  }
}

const printList = (nodes: readonly ASTNode[]): string => nodes.map(printExpression).join(', ');

/** Only what would end the text or is no character that a line may hold is escaped. */
function printText(text: string): string {
  const escaped = text.replace(
    /["\\\p{Cc}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

function printDouble(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The part of the text that a node was read from; printed when its parentheses stand outside of it. */
export function sourceOf(node: ASTNode, text: string): string {
  const source = text.slice(node.start, node.end);
  let open = 0;
  for (const character of source) {
    if (character === '(') open += 1;
    if (character === ')') open -= 1;
    if (open < 0) break;
  }
  return open === 0 ? source : serialize(node);
}
