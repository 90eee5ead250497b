/* SPDX-License-Identifier: Apache-2.0 */
/* A session that starts. */

export const starting = {
  starting: {
    crumb: "Start",
    seconds: "s",
    title: "Starting",
    docTitle: (name: string) => `Starting ${name}`,
    readyTitle: (name: string) => `Ready: ${name}`,
    queuedTitle: "In the queue",
    runningTitle: "It runs",
    opening: "Opening",
    stoppingTitle: "Stopping",
    stoppedTitle: "It was stopped",
    failedTitle: "It did not start",
    endedTitle: "It has ended",
    on: (name: string, type: string, rate: string) => `${name}, on ${type} at ${rate} per hour`,
    onFree: (name: string, type: string) => `${name}, on ${type}, free`,
    usually: (s: string) => `usually ${s} s`,
    toGo: (s: number) => `about ${s} s to go`,
    slow: (phase: string) => `${phase} takes more than twice its usual time. It goes on; the log is below.`,
    foot: "Metering starts when the container does. You may close this page; the session starts without it.",
    runningFoot: "The session runs and is metered. It opens in a tab of its own.",
    nothingCharged: "Nothing was charged. Your files are unchanged.",
    charged: (cost: string) => `${cost} was charged for the time it ran. Your files are unchanged.`,
    log: "Last lines of its log",
    copyLog: "Copy the log",
    otherType: "Change the machine",
    noSession: "It does not run",
    noSessionBody: "Start it, and it opens by itself.",
    toWorkspace: "To the workspace",
  },
};
