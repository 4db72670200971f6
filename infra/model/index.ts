/** What site files import. */
export { connects, getsHttp, logsIn, runsCheck } from "./check.ts";
export { mails, runsScript, writesState } from "./notify.ts";
export { site } from "./site.ts";
export { fileExists, haproxyAnswers, processRuns, runs } from "./track.ts";
