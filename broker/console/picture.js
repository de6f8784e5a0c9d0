// SPDX-License-Identifier: BSD-2-Clause
// The routes as a picture: a box for each instance, a curve for the routes from one to another. What follows stands further right.

const WIDTH = 176, HEIGHT = 52, GAP = 72, ROW = 76;
const MARGIN = 18; // a curve that goes back, or round, needs that much beside a box

function draw(name, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes))
        element.setAttribute(key, value);
    element.append(...children);
    return element;
}

const instanceOf = (channel) => channel.slice(0, channel.indexOf("."));

/** The column of each instance: one more than that of the last one before it; of what goes round in a circle, one way counts. */
export function columns(names, edges) {
    const column = new Map(), open = new Set();
    const before = new Map(names.map((name) => [name, edges.filter((edge) => edge.to === name && edge.from !== name).map((edge) => edge.from)]));
    const place = (name) => {
        if (column.has(name))
            return column.get(name);
        if (open.has(name))
            return -1;
        open.add(name);
        const found = 1 + Math.max(-1, ...before.get(name).map(place));
        open.delete(name);
        column.set(name, found);
        return found;
    };
    names.forEach(place);
    return column;
}

/** The routes between instances, how many there are, and from which channels. */
export function edgesOf(routes) {
    const edges = new Map();
    for (const route of routes) {
        const from = instanceOf(route.from), to = instanceOf(route.to), key = `${from} ${to}`;
        const edge = edges.get(key) ?? {from, to, count: 0, channels: new Set()};
        edge.count++;
        edge.channels.add(route.from);
        edges.set(key, edge);
    }
    return [...edges.values()];
}

export class Picture {
    /** `chosen` is called with the instance that was pressed, or with null when it is let go again. */
    constructor(routes, instances, chosen) {
        this.chosen = chosen;
        this.edges = edgesOf(routes);
        this.names = [...new Set([...instances.keys(), ...this.edges.flatMap((edge) => [edge.from, edge.to])])];
        this.paths = new Map();
        this.boxes = new Map();
        this.#place();
        this.element = draw("svg", {width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}`, role: "group",
            "aria-label": "Picture of the routes", class: "picture"}, ...this.edges.map((edge) => this.#curve(edge)), ...this.names.map((name) => this.#box(name)));
        this.status(instances);
    }

    #place() {
        const column = columns(this.names, this.edges), used = [];
        this.places = new Map(this.names.map((name) => {
            const x = column.get(name), y = used[x] = (used[x] ?? -1) + 1;
            return [name, {x: MARGIN + x * (WIDTH + GAP), y: 8 + y * ROW}];
        }));
        this.width = 2 * MARGIN + used.length * (WIDTH + GAP) - GAP;
        this.height = 40 + Math.max(1, ...used.map((last) => last + 1)) * ROW;
    }

    /** From the right of one box to the left of another; backwards, below both. */
    #curve(edge) {
        const from = this.places.get(edge.from), to = this.places.get(edge.to);
        const x1 = from.x + WIDTH, y1 = from.y + HEIGHT / 2, x2 = to.x, y2 = to.y + HEIGHT / 2, isBack = x2 < x1;
        const low = Math.max(y1, y2) + HEIGHT, middle = (x1 + x2) / 2;
        const path = draw("path", {d: isBack ? `M${x1} ${y1}C${x1 + GAP} ${low} ${x2 - GAP} ${low} ${x2} ${y2}` : `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`});
        const label = draw("text", {x: middle, y: isBack ? low - 16 : (y1 + y2) / 2 - 6, "text-anchor": "middle"}, String(edge.count));
        for (const channel of edge.channels)
            this.paths.set(channel, [...(this.paths.get(channel) ?? []), path]);
        return draw("g", {class: "edge"}, path, label);
    }

    #box(name) {
        const {x, y} = this.places.get(name), shown = name.length > 18 ? `${name.slice(0, 17)}…` : name;
        const state = draw("text", {x: x + 10, y: y + 42, class: "state-line"});
        const box = draw("g", {class: "box", tabindex: 0, role: "button", "aria-pressed": "false"},
            draw("rect", {x, y, width: WIDTH, height: HEIGHT, rx: 6}), draw("text", {x: x + 10, y: y + 22}, shown), " ", state);
        const press = () => {
            const isPressed = box.getAttribute("aria-pressed") !== "true";
            for (const each of this.boxes.values())
                each.box.setAttribute("aria-pressed", each.box === box && isPressed);
            this.chosen(isPressed ? name : null);
        };
        box.addEventListener("click", press);
        box.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && (event.preventDefault(), press()));
        this.boxes.set(name, {box, state, shown});
        return box;
    }

    /** Shows how the instances are. */
    status(instances) {
        for (const [name, {box, state, shown}] of this.boxes) {
            const instance = instances.get(name);
            const words = !instance ? "" : instance.frozen ? "FROZEN" : instance.state === "running" ? "runs" : instance.state;
            box.setAttribute("class", `box ${instance?.health ?? ""}`);
            if (state.textContent !== words)
                state.textContent = words;
            box.setAttribute("aria-label", `${shown}${words ? `, ${words}` : ""}: show the routes of ${name} only`); // begins as it reads
        }
    }

    /** Lights up the curves of channels that have changed. */
    values(fresh) {
        for (const path of Object.keys(fresh).flatMap((channel) => this.paths.get(channel) ?? [])) {
            path.classList.add("is-live");
            clearTimeout(path.timer);
            path.timer = setTimeout(() => path.classList.remove("is-live"), 400);
        }
    }
}
