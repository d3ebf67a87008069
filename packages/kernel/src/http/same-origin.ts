import { AppError } from '@pilothouse/contract';

export interface OriginHeaders {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/**
 * Refuses writes that another web site makes a browser send. Browsers say where a write comes from by Sec-Fetch-Site
 * or at least Origin, and a page cannot forge either. A write that rides on a cookie must bring that proof; one without
 * cookie or token (sign-in) may come from a program that sends neither, but never with a foreign one. Requests with a
 * bearer token need no check: no site can make a browser send it.
 */
export function requireSameOrigin(headers: OriginHeaders, isCookieUsed: boolean): void {
  if (headers.method === 'GET' || headers.method === 'HEAD') return;
  if (headers.fetchSite !== undefined) {
    // `none` is a person's own doing, such as a bookmark; it is not sent for writes by pages.
    if (headers.fetchSite === 'same-origin' || headers.fetchSite === 'none') return;
    throw new AppError('CROSS_SITE_REFUSED');
  }
  if (headers.origin !== undefined) {
    if (headers.host !== undefined && headers.origin === `https://${headers.host}`) return;
    throw new AppError('CROSS_SITE_REFUSED');
  }
  if (isCookieUsed) throw new AppError('CROSS_SITE_REFUSED');
}
