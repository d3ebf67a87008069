/** The protocol between agent and server, used by both sides. Knows neither of them. */
export * from './capabilities.ts';
export * from './frames.ts';
export * from './http-paths.ts';
export { type FrameError, parseAgentFrame, parseServerFrame } from './parse-frame.ts';
