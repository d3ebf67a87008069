import type { ChannelSettings, JsonObject } from '@pilothouse/contract';

type Settings<Kind extends ChannelSettings['kind']> = Extract<ChannelSettings, { kind: Kind }>;

/** A channel with everything that is needed to send by it. */
export type WebhookTarget = Omit<Settings<'webhook'>, 'secret'> & { readonly secret: string | null };
export type EmailTarget = Omit<Settings<'email'>, 'password'> & { readonly password: string | null };
export type Target = WebhookTarget | EmailTarget;

export interface OutgoingMessage {
  readonly id: string;
  readonly channel: string;
  readonly subject: string;
  readonly text: string;
  readonly data: JsonObject;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
