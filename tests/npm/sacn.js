// SPDX-License-Identifier: BSD-2-Clause
// The package sacn as consoles and receiver of sACN: sacn.js ADDRESS UNIVERSE…
"use strict";

const {Receiver, Sender} = require("sacn");
const {obey, say} = require("./judge.js");

const [iface, ...universes] = process.argv.slice(2), senders = new Map();

new Receiver({universes: universes.map(Number), iface, reuseAddr: true})
    .on("packet", (packet) => say("packet", packet.universe, packet.priority, packet.sourceName, [...packet.payloadAsBuffer]))
    .on("PacketCorruption", (error) => say("fault", error.message))
    .on("PacketOutOfOrder", (error) => say("fault", error.message));

obey({
    /** Sends the slots from now on, a few times a second: `slots` has those that are not 0, counted from 1. */
    send(name, universe, priority, slots) {
        if (!senders.has(name)) {
            const cid = Buffer.from(name.padEnd(16)), defaultPacketOptions = {sourceName: name, priority, cid, useRawDmxValues: true};
            senders.set(name, new Sender({universe, iface, reuseAddr: true, minRefreshRate: 5, defaultPacketOptions}));
        }
        senders.get(name).send({payload: slots});
    },
    end(name) {
        senders.get(name).close();
    },
});
