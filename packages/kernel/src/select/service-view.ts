import { z } from 'zod';

/** What `service()` needs of the services fact. */
const ServicesBody = z.object({
  units: z.array(
    z.object({ name: z.string(), state: z.string(), sub: z.string(), enabled: z.string().nullable() }),
  ),
});

/** A unit as a selector sees it; all texts are empty when there is none. */
export class ServiceView {
  readonly exists: boolean;
  readonly state: string;
  readonly sub: string;
  readonly enabled: string;

  constructor(unit: { state: string; sub: string; enabled: string | null } | null) {
    this.exists = unit !== null;
    this.state = unit?.state ?? '';
    this.sub = unit?.sub ?? '';
    this.enabled = unit?.enabled ?? '';
  }
}

/** `nginx` means `nginx.service`, as for systemctl. */
export function findService(body: unknown, name: string): ServiceView {
  const { units } = ServicesBody.parse(body);
  const full = /\.(service|socket|timer|target|mount|path|slice)$/.test(name) ? name : `${name}.service`;
  return new ServiceView(units.find((unit) => unit.name === full) ?? null);
}
