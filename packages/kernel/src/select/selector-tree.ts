import type { ASTNode } from '@marcbachmann/cel-js';
import { printExpression, sourceOf } from './print-expression.ts';
import { FUNCTION_FACTS, type SelectorEnvironment } from './selector-environment.ts';

/** The boolean skeleton of a selector. Everything below it is an atom, decided as a whole by the library. */
export type SelectorTree =
  | { readonly kind: 'and' | 'or'; readonly left: SelectorTree; readonly right: SelectorTree }
  | { readonly kind: 'not'; readonly of: SelectorTree }
  | {
      readonly kind: 'choose';
      readonly condition: SelectorTree;
      readonly yes: SelectorTree;
      readonly no: SelectorTree;
    }
  | { readonly kind: 'atom'; readonly source: AtomSource };

export interface AtomSource {
  /** As a person may have written it. */
  readonly text: string;
  /** The same, printed for the library. */
  readonly runnable: string;
  /** Facts that decide it, sorted. */
  readonly facts: readonly string[];
  /** Variables of the registry that it reads. */
  readonly hostVariables: readonly string[];
  /** Labels that it reads by name; none when it also asks `has()` or looks at all labels at once. */
  readonly labelKeys: readonly string[];
  /** Groups that it asks for by name; null when it may ask for any. */
  readonly groupRefs: readonly string[] | null;
}

export function treeOf(node: ASTNode, environment: SelectorEnvironment): SelectorTree {
  if (node.op === '&&' || node.op === '||') {
    return {
      kind: node.op === '&&' ? 'and' : 'or',
      left: treeOf(node.args[0], environment),
      right: treeOf(node.args[1], environment),
    };
  }
  if (node.op === '!_') return { kind: 'not', of: treeOf(node.args, environment) };
  if (node.op !== '?:') return { kind: 'atom', source: atomOf(node, environment) };
  return {
    kind: 'choose',
    condition: treeOf(node.args[0], environment),
    yes: treeOf(node.args[1], environment),
    no: treeOf(node.args[2], environment),
  };
}

function atomOf(node: ASTNode, environment: SelectorEnvironment): AtomSource {
  const facts = new Set<string>();
  const hostVariables = new Set<string>();
  const labelKeys = new Set<string>();
  walk(node, (visited) => {
    if (visited.op === 'id') {
      const fact = environment.factOf.get(visited.args);
      if (fact !== undefined) facts.add(fact);
      // What is left are the names that comprehensions bind, which say nothing of the host.
      else if (environment.cel.hasVariable(visited.args)) hostVariables.add(visited.args);
    }
    if (visited.op === 'call') {
      const fact = FUNCTION_FACTS[visited.args[0]];
      if (fact !== undefined) facts.add(fact);
    }
    const key = labelKeyOf(visited);
    if (key !== null) labelKeys.add(key);
  });
  return {
    text: sourceOf(node, node.input),
    runnable: printExpression(node),
    facts: [...facts].sort(),
    hostVariables: [...hostVariables],
    labelKeys: usesHas(node) || usesWholeLabels(node) ? [] : [...labelKeys],
    groupRefs: groupRefsOf(node),
  };
}

/** `bj1` of `inGroup("bj1")` and `"bj1" in groups`; null when one of them is computed. */
function groupRefsOf(node: ASTNode): readonly string[] | null {
  const refs: string[] = [];
  let uses = 0;
  walk(node, (visited) => {
    const isCall = visited.op === 'call' && visited.args[0] === 'inGroup';
    if (isCall || (visited.op === 'id' && visited.args === 'groups')) uses += 1;
    const named = isCall
      ? visited.args[1][0]
      : visited.op === 'in' && isGroups(visited.args[1])
        ? visited.args[0]
        : undefined;
    if (named?.op === 'value' && typeof named.args === 'string') refs.push(named.args);
  });
  return refs.length === uses ? refs : null;
}

const isGroups = (node: ASTNode): boolean => node.op === 'id' && node.args === 'groups';

/** `site` of `label.site` and `label["site"]`. */
function labelKeyOf(node: ASTNode): string | null {
  if (node.op === '.' && isLabel(node.args[0])) return node.args[1];
  if (node.op === '[]' && isLabel(node.args[0])) {
    const [, index] = node.args;
    return index.op === 'value' && typeof index.args === 'string' ? index.args : null;
  }
  return null;
}

const isLabel = (node: ASTNode): boolean => node.op === 'id' && node.args === 'label';

/** `label` other than as `label.site`: `"x" in label`, `label.size()`. */
function usesWholeLabels(node: ASTNode): boolean {
  let balance = 0;
  walk(node, (visited) => {
    if (isLabel(visited)) balance += 1;
    if (labelKeyOf(visited) !== null) balance -= 1;
  });
  return balance > 0;
}

function usesHas(node: ASTNode): boolean {
  let found = false;
  walk(node, (visited) => {
    if (visited.op === 'call' && visited.args[0] === 'has') found = true;
  });
  return found;
}

export function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  return [node.args]
    .flat(3)
    .filter((part): part is ASTNode => typeof part === 'object' && part !== null && 'op' in part);
}
