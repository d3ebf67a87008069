import type { RawData, WebSocket } from 'ws';

/**
 * What a session needs of the WebSocket below it. The library's own fits; so does the one that stands for a connection
 * which another process holds (see the room fronts).
 */
export interface SessionSocket {
  /** As in the library: OPEN while frames can be sent. */
  readonly readyState: number;
  readonly OPEN: number;
  /** Bytes sent that the peer's connection has not taken yet. */
  readonly bufferedAmount: number;
  send(text: string): void;
  /** Says goodbye and waits for the peer's. */
  close(code: number): void;
  /** Ends the connection at once. */
  terminate(): void;
  /** Stops and goes on reading; a few frames may still come in between. */
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: 'ping' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (cause: Error) => void): unknown;
  once(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** The WebSocket itself, in the process that holds the connection. */
export type OpenSocket = WebSocket;

/** Who is at the other end of a connection. */
export interface Peer {
  /** The certificate it proved to hold, DER, also on a resumed TLS session. Null when it showed none. */
  readonly certificate: Uint8Array | null;
  readonly address: string;
}

/** An agent that asks for a session: its TLS handshake is done, its WebSocket is not open yet. */
export interface Arrival<Socket extends SessionSocket = SessionSocket> extends Peer {
  /** What it asked for, without the query. */
  readonly path: string;
  /** Opens the WebSocket. Rejects when the peer is gone. */
  accept(): Promise<Socket>;
  /** Refuses instead, with the bytes of an HTTP answer, and closes. */
  refuse(answer: string): void;
  /** Closes without a word. */
  drop(): void;
}
