// SPDX-License-Identifier: BSD-2-Clause
// Plays in what came into a recorded show: reads the file (docs/recording.md, proto/record.proto), and sets what it holds at its times.

import {contact} from "./contact.js";

const MAGIC = "fcrecord", HEAD = 8, MOST_BLOCK = 48 * 1024;
const START = 1, INSTANCE = 2, CHANNEL = 3, INPUT = 5; // kinds of items
const KIND = 1, TIME = 2, TEXT = 4, OF_INSTANCE = 5, CHANNELS = 8, VALUES = 9; // fields of an item
const TICK = 1000 / 30; // ms
const WAITING = 2; // values of a channel in a tick: a press has two

const CRC = Uint32Array.from({length: 256}, (_, n) => {
    for (let bit = 0; bit < 8; bit++)
        n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1;
    return n;
});

function crc32(...parts) {
    let crc = ~0;
    for (const bytes of parts)
        for (const byte of bytes)
            crc = CRC[(crc ^ byte) & 255] ^ crc >>> 8;
    return ~crc >>> 0;
}

/** Reads protobuf's encoding; what is cut off is a RangeError. */
class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.at = 0;
    }

    get isOver() {
        return this.at >= this.bytes.length;
    }

    number() {
        let number = 0;
        for (let scale = 1; ; scale *= 128) {
            const byte = this.view.getUint8(this.at++);
            number += (byte & 127) * scale;
            if (byte < 128)
                return number;
        }
    }

    part() {
        const length = this.number(), begin = this.at;
        if (begin + length > this.bytes.length)
            throw new RangeError("cut off");
        this.at += length;
        return this.bytes.subarray(begin, this.at);
    }

    /** Each field: its number, and a number or bytes. */
    *fields() {
        while (!this.isOver) {
            const tag = this.number(), type = tag & 7;
            if (type === 0)
                yield [tag >>> 3, this.number()];
            else if (type === 1)
                yield [tag >>> 3, this.bytes.subarray(this.at, this.at += 8)];
            else if (type === 2)
                yield [tag >>> 3, this.part()];
            else
                throw new RangeError("no such type");
        }
    }
}

/** The first number of a list, which is packed or not. */
function number(field) {
    return typeof field === "number" ? field : new Reader(field).number();
}

function double(bytes) {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true);
}

/** The blocks that are whole, up to the first that is not. */
function* blocks(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = MAGIC.length; at + HEAD <= bytes.length;) {
        const length = view.getUint32(at, true), block = bytes.subarray(at + HEAD, at + HEAD + length);
        if (length > MOST_BLOCK || block.length < length || crc32(bytes.subarray(at, at + 4), block) !== view.getUint32(at + 4, true))
            return;
        yield block;
        at += HEAD + length;
    }
}

/** What came in: [ms since the recording began, channel, value], in turn. An Error says why there is nothing to be had. */
export function inputs(bytes) {
    const found = [], instances = [], channels = [], text = new TextDecoder();
    let began = null;
    if (text.decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
        throw new Error("this is not a recording");
    for (const block of blocks(bytes)) {
        for (const [, part] of new Reader(block).fields()) {
            const item = Object.fromEntries(new Reader(part).fields()), kind = item[KIND], time = (item[TIME] ?? 0) / 1e6;
            if (kind === START)
                began = time;
            else if (kind === INSTANCE)
                instances.push(text.decode(item[TEXT]));
            else if (kind === CHANNEL)
                channels.push(`${instances[item[OF_INSTANCE] ?? 0]}.${text.decode(item[TEXT])}`);
            else if (kind === INPUT)
                found.push([time - (began ??= time), channels[number(item[CHANNELS])], double(item[VALUES])]);
        }
    }
    if (!found.length)
        throw new Error("nothing came in while it was made");
    return found;
}

/** Sets what came in, as if it came in now. When too much comes at once, the newest values of a channel are set. */
export class Playback {
    #isOver = false;
    at = 0; // ms
    refused = new Map(); // channels that may not be set, or are not there, and why

    constructor(found) {
        this.inputs = found;
        this.lasts = found.at(-1)[0];
    }

    stop() {
        this.#isOver = true;
    }

    async run(changed) {
        const began = performance.now();
        for (let next = 0; next < this.inputs.length && !this.#isOver; changed()) {
            this.at = performance.now() - began;
            const due = new Map();
            for (; next < this.inputs.length && this.inputs[next][0] <= this.at; next++) {
                const [, channel, value] = this.inputs[next];
                due.set(channel, [...due.get(channel) ?? [], value].slice(-WAITING));
            }
            await Promise.all([...due].filter(([channel]) => !this.refused.has(channel)).map((each) => this.#set(...each)));
            await new Promise((resolve) => setTimeout(resolve, TICK));
        }
    }

    async #set(channel, values) {
        for (const value of values) {
            const reply = await contact.act("emit", [channel], {value});
            if (reply.outcome !== "done")
                return this.refused.set(channel, `${reply.outcome}${reply.text ? `; ${reply.text}` : ""}`);
        }
    }
}
