/** A typed name of a service: plugins meet through these instead of globals, decorators or a container. */
export interface ServiceRef<Service> {
  readonly id: string;
  readonly isOptional: boolean;
  /** Carries the type only; never read. */
  readonly type?: Service;
}

export const defineService = <Service>(id: string): ServiceRef<Service> => ({ id, isOptional: false });

/** The same service, or null when its plugin is not installed. */
export const optional = <Service>(ref: ServiceRef<Service>): ServiceRef<Service | null> => ({
  id: ref.id,
  isOptional: true,
});
