// SPDX-License-Identifier: BSD-2-Clause
// The package rtpmidi as a session that is invited and as one that joins: rtpmidi.js HOST-PORT OWN-PORT JOINING-PORT
"use strict";

const {Session, logger} = require("rtpmidi");
const {obey, say} = require("./judge.js");

const [show, ...ports] = process.argv.slice(2).map(Number), sessions = {};
logger.level = "warn";

["invited", "joining"].forEach((name, n) => {
    const session = sessions[name] = new Session(ports[n], name, name, 0x1000 + n, false);
    session.on("streamAdded", () => say("connected", name));
    session.on("streamRemoved", () => say("disconnected", name));
    session.on("message", (delta, message) => say("message", name, [...message]));
    session.start();
});
sessions.joining.on("ready", () => sessions.joining.connect({address: "127.0.0.1", port: show}));

obey({
    play(name, message) {
        sessions[name].sendMessage(0, message);
    },
    end(name) {
        sessions[name].end();
    },
});
