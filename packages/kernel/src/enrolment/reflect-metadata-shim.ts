/**
 * The three functions of the Reflect metadata proposal that the certificate library's container asks for when it is
 * loaded. It is not a general polyfill: metadata of prototypes is not inherited and nothing can be deleted or listed.
 * Imported for its effect by `x509.ts` alone, before the library.
 */
type Key = string | symbol;
type MetadataReflect = {
  getMetadata?: (key: Key, target: object) => unknown;
  getOwnMetadata?: (key: Key, target: object) => unknown;
  defineMetadata?: (key: Key, value: unknown, target: object) => void;
};

// Reflect is typed without the proposal; the library looks for these members on the global object.
const reflect = Reflect as MetadataReflect;

if (reflect.getMetadata === undefined) {
  const metadata = new WeakMap<object, Map<Key, unknown>>();
  const get = (key: Key, target: object): unknown => metadata.get(target)?.get(key);
  reflect.getMetadata = get;
  reflect.getOwnMetadata = get;
  reflect.defineMetadata = (key, value, target) => {
    const own = metadata.get(target) ?? new Map<Key, unknown>();
    metadata.set(target, own.set(key, value));
  };
}
