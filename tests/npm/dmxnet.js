// SPDX-License-Identifier: BSD-2-Clause
// The package dmxnet as console and node of Art-Net: dmxnet.js OWN-ADDRESS DESTINATION; it sends net 1, subnet 2, universe 3,
// and receives net 0, subnet 1, universe 2.
"use strict";

const {dmxnet} = require("dmxnet");
const {obey, say} = require("./judge.js");

const [own, ip] = process.argv.slice(2), node = new dmxnet({hosts: [own], sName: "judge", log: {level: "warn"}});

node.newReceiver({net: 0, subnet: 1, universe: 2}).on("data", (slots) => say("frame", slots));
const sender = node.newSender({ip, net: 1, subnet: 2, universe: 3});

obey({
    /** Counts slots from 1. */
    set(slot, value) {
        sender.setChannel(slot - 1, value);
    },
});
