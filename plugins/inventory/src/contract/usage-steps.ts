/** Used percent is reported in these steps, so that the fact changes when something happens and not with each log line. */
export const USAGE_STEPS = [0, 80, 90, 95, 99] as const;
