import type { ServicesBody } from '../contract.ts';
import { type Judgement, judgementKey } from './judgement.ts';

/** Units in systemd's state `failed`. One that restarts again and again is `activating` and not judged here. */
export const judgeServices = (services: ServicesBody): Judgement[] =>
  services.units
    .filter((unit) => unit.state === 'failed')
    .map((unit) => ({ key: judgementKey(unit.name), evidence: { unit: unit.name, sub: unit.sub } }));
