/**
 * Spans of OpenTelemetry around requests, transactions, judgements and tasks. The kernel knows the API alone, which does
 * nothing until a program registers an SDK: what a span costs without one is a call. Never holds what a person typed,
 * nor what a host printed: traces go to other systems.
 */
import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

const tracer = () => trace.getTracer('pilothouse');

/** Runs the work inside a span, below the one that is open. A failure marks it by its code, without its words. */
export async function inSpan<Result>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  return tracer().startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (cause) {
      fail(span, codeOf(cause));
      throw cause;
    } finally {
      span.end();
    }
  });
}

/** A span of something that nothing here waited for, told when it is over. Times in ms since the epoch. */
export function pastSpan(
  name: string,
  attributes: Attributes,
  { from, to }: { from: number; to: number },
): void {
  tracer().startSpan(name, { attributes, kind: SpanKind.CLIENT, startTime: from }).end(to);
}

export interface RequestSpan {
  /** Null when nobody listens, or this request was not chosen. */
  readonly traceId: string | null;
  /** Runs what follows below this span. */
  run(next: () => void): void;
  end(status: number): void;
}

/** Below the caller's own span, when its headers name one as W3C Trace Context says. */
export function beginRequestSpan(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  {
    method,
    route,
    requestId,
  }: { readonly method: string; readonly route: string; readonly requestId: string },
): RequestSpan {
  const parent = propagation.extract(context.active(), headers);
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'url.scheme': 'https',
    'pilothouse.request.id': requestId,
  };
  const span = tracer().startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
  const inside = trace.setSpan(parent, span);
  return {
    traceId: span.isRecording() ? span.spanContext().traceId : null,
    run: (next) => context.with(inside, next),
    end(status) {
      span.setAttribute('http.response.status_code', status);
      // A refusal is the client's failure, and no failure of the server.
      if (status >= 500) fail(span, String(status));
      span.end();
    },
  };
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

const codeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
};
