/**
 * Who never imports whom, and why. `from` is matched against a file's path, `never` against what it imports: a package name,
 * or for relative imports the path they resolve to.
 */
export interface NeverRule {
  readonly from: RegExp;
  readonly never: RegExp;
  readonly except?: RegExp;
  readonly because: string;
}

export const NEVER_RULES: readonly NeverRule[] = [
  {
    from: /^packages\/base\//,
    never: /^(@pilothouse\/|node:|[a-z@])/,
    because: 'everything rests on base',
  },
  {
    from: /^packages\/contract\//,
    never: /^(node:|@pilothouse\/(?!base$)|react)/,
    because: 'server, agent, command line and browser read the contract alike',
  },
  {
    from: /^packages\/client\//,
    never: /^(node:|@pilothouse\/(?!(base|contract)$))/,
    because: 'the browser calls the API with the same client',
  },
  {
    from: /^packages\/(kernel|agent-kit|cli-kit)\//,
    never: /^(@pilothouse\/(plugin-|server|agent$|cli$|web|ui|testkit)|plugins\/|apps\/)/,
    because: 'the kernel builds and passes its tests with zero plugins',
  },
  {
    from: /^packages\/(store|wire)\//,
    never: /^@pilothouse\/(kernel|plugin-|agent-kit|client)/,
    because: 'store and wire are replaceable',
  },
  {
    from: /^packages\/ui\//,
    never: /^@pilothouse\/(kernel|store|plugin-|client)/,
    because: 'the design system only looks',
  },
  {
    from: /^plugins\/[^/]+\/src\/contract(\.ts|\/)/,
    never: /^(node:|react|@pilothouse\/(?!(base|contract)$)|plugins\/[^/]+\/src\/(server|agent|cli|web)\/)/,
    because: "a plugin's contract is the only thing that others see",
  },
  {
    from: /^plugins\/[^/]+\/src\/domain\//,
    never: /^(node:|@pilothouse\/(?!(base|contract)$)|plugins\/[^/]+\/src\/(server|agent|cli|web)\/)/,
    because: 'domain is pure, so thousands of cases test it in a second',
  },
  {
    from: /^plugins\/[^/]+\/src\/agent\//,
    never: /^(@pilothouse\/(kernel|store|client)|plugins\/[^/]+\/src\/(server|cli|web)\/)/,
    because: 'the agent stays small and auditable',
  },
  {
    from: /^plugins\/[^/]+\/src\/server\//,
    never:
      /^(@pilothouse\/(agent-kit|plugin-[a-z-]+\/(server|agent|cli|web))|plugins\/[^/]+\/src\/(agent|cli|web)\/)/,
    because: 'plugins meet through contracts and typed refs',
  },
  {
    from: /^plugins\/[^/]+\/src\/(cli|web)\//,
    never: /^(@pilothouse\/(kernel|store|agent-kit)|plugins\/[^/]+\/src\/(server|agent)\/)/,
    because: 'command line and console are API clients like any other',
  },
  {
    from: /^apps\/(cli|web)\//,
    never: /^@pilothouse\/(kernel|store|agent-kit|wire|server$|agent$)/,
    because: 'command line and console are API clients like any other',
  },
  {
    from: /^apps\/agent\//,
    never: /^@pilothouse\/(kernel|store|client|server$)/,
    because: 'the agent stays small and auditable',
  },
  {
    from: /^(packages|plugins)\//,
    never: /^(apps\/|@pilothouse\/(server|agent|cli|web)$)/,
    because: 'apps are composition roots; nothing builds on them',
  },
  {
    from: /./,
    never: /^@pilothouse\/[^/]+\/(src|dist)\//,
    because: 'only exported paths cross a package border',
  },
];

/** Tests may use these beyond what their package may. */
export const TESTS_MAY =
  /^(node:|@pilothouse\/testkit(\/[a-z-]+)?$|@pilothouse\/store(\/[a-z-]+)?$|fast-check$)/;
