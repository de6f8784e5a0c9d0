// SPDX-License-Identifier: BSD-2-Clause
// What the judges have in common: they say and are told lines of JSON, and end with their standard input.
"use strict";

const readline = require("node:readline");

exports.say = (...words) => process.stdout.write(`${JSON.stringify(words)}\n`);

/** Carries out what the test tells it: `tasks` has a function for each word. */
exports.obey = (tasks) => {
    readline.createInterface({input: process.stdin})
        .on("line", (line) => {
            const [word, ...rest] = JSON.parse(line);
            tasks[word](...rest);
        })
        .on("close", () => process.exit(0));
    exports.say("ready");
};
