// SPDX-License-Identifier: BSD-2-Clause
// The package mqtt as a client that hears all: mqtt.js PORT VERSION [FOLDER]; 4 is MQTT 3.1.1. FOLDER has certificates for TLS.
"use strict";

const {readFileSync} = require("node:fs");
const mqtt = require("mqtt");
const {obey, say} = require("./judge.js");

const [port, version, folder] = process.argv.slice(2), read = (name) => readFileSync(`${folder}/${name}`);
const client = mqtt.connect({
    host: "127.0.0.1", port, protocolVersion: Number(version), protocol: folder ? "mqtts" : "mqtt",
    ...folder && {ca: read("ca.crt"), cert: read("client.crt"), key: read("client.key")},
});

client.on("error", (error) => console.log(error));
client.on("message", (topic, payload, {retain, qos}) => say("message", topic, payload.toString(), retain, qos));
client.on("connect", () => client.subscribe("#", {qos: 2}, () => say("subscribed")));
obey({
    send(topic, payload, options) {
        client.publish(topic, payload, options);
    },
});
