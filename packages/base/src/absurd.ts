/** Ends an exhaustive `switch`: a new union member makes the call a type error, an impossible value a crash. */
export function absurd(value: never): never {
  throw new Error(`impossible value: ${JSON.stringify(value)}`);
}
