/** What the command-line rooms of apps and plugins build on: verbs as data, tables, progress, questions, exit codes. Does no IO itself. */
export { age, moment, took } from './ages.ts';
export { carryOutPlan, type PlanToCarryOut } from './carry-out-plan.ts';
export type { CliContext, Described } from './cli-context.ts';
export { cliErrors } from './cli-errors.ts';
export { closedLine, namesOf } from './closed-line.ts';
export { collectFresh, freshOption } from './collect-fresh.ts';
export {
  type AnyCommand,
  type ArgumentSpec,
  type CliPlugin,
  type CommandSpec,
  defineCliPlugin,
  defineCommand,
  type Example,
  type OptionSpec,
  type Values,
} from './command-spec.ts';
export { confirm, yesOption } from './confirm.ts';
export { EXIT, type ExitCode } from './exit-codes.ts';
export { followRollout, progressOf, rolloutStateName, totalOf } from './follow-rollout.ts';
export { choice, duration, flag, integer, list, one, optionalOne, rest, text } from './options.ts';
export { parseDuration, parseMoment } from './parse-duration.ts';
export { actionText, probeText, targetText, wavesText } from './plan-words.ts';
export { jsonText, note, printJson, printRecord, printRows } from './print.ts';
export { createResultsPrinter, stateColour, stateName } from './print-results.ts';
export { probeOf } from './probe-option.ts';
export { type Progress, type ProgressCounts, progressLine, showProgress } from './progress.ts';
export { limitOption, readList } from './read-list.ts';
export { readPairs } from './read-pairs.ts';
export { readTextFile } from './read-text-file.ts';
export { fullStart, recurrenceOptions, showDuration, windowOf, windowText } from './recurrence-options.ts';
export { resolveHostId } from './resolve-host.ts';
export { type ActionsToRun, runActions, runActionsOptions } from './run-actions.ts';
export { showPairs } from './show-pairs.ts';
export { showStages } from './show-stages.ts';
export { strategyOf, strategyOptions } from './strategy-options.ts';
export { type Column, oneLine, renderTable } from './table.ts';
export { targetOf, targetOptions } from './target-options.ts';
export { type Colour, onlyOurs, paint, plain, type Terminal } from './terminal.ts';
export { padEnd, padStart, textWidth, truncate } from './text-width.ts';
export { watchOptions, watchView } from './watch-view.ts';
