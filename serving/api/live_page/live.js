"use strict";
// Shows one call: what comes by the socket is put into the page as text, never as HTML.

const PROTOCOL = "coach.live.v1";
const KEY_PROTOCOL = "coach.key.";
const PING_MS = 25000;
const MAX_RETRIES = 5;
const TAKEN_OVER = 4001;

const at = (id) => document.getElementById(id);
const percent = (share) => `${Math.min(Math.max(Math.round(100 * share), share > 0 ? 1 : 0), share < 1 ? 99 : 100)} %`;
const words = (name) => name.replaceAll("_", " ");
const needsKey = document.documentElement.dataset.needsKey === "true";

let view = emptyView();
let watching = null;
let replaying = null;

function emptyView() {
  return { callId: "", rows: new Map(), numbers: new Map(), points: [], cues: [] };
}

function say(text) {
  at("status").textContent = text;
}

function make(tag, className, text) {
  const one = document.createElement(tag);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
}

// --- what is shown -------------------------------------------------------------------------------------------------

function clear() {
  view = emptyView();
  at("turns").replaceChildren();
  at("cues").replaceChildren();
  at("no-turns").hidden = at("no-cues").hidden = false;
  at("probability").textContent = "–";
  at("interval").textContent = "No turn yet.";
  at("share").value = 0;
  at("share-text").textContent = "–";
  draw();
}

function showTurn(turn) {
  let row = view.rows.get(turn.turn_order);
  if (!row) {
    row = make("li");
    row.dataset.order = turn.turn_order;
    const after = [...view.rows.entries()].filter(([order]) => order > turn.turn_order).sort((a, b) => a[0] - b[0])[0];
    at("turns").insertBefore(row, after ? after[1] : null);
    view.rows.set(turn.turn_order, row);
    at("no-turns").hidden = true;
  }
  const known = row.querySelector(".moves");
  row.className = turn.role || "";
  row.replaceChildren(
    make("span", "who", `${turn.speaker}:`),
    make("span", turn.final ? "said" : "open", turn.final ? turn.text : `${turn.text} …`),
    known || make("div", "moves"),
  );
  const list = at("turns");
  if (list.scrollHeight - list.scrollTop - list.clientHeight < 160) list.scrollTop = list.scrollHeight;
}

function showMoves(read) {
  const row = view.rows.get(read.turn_order);
  if (!row) return;
  view.numbers.set(read.turn_order, read.turn);
  row.querySelector(".moves").replaceChildren(
    ...read.moves.map((move) => make("span", "move", `${words(move.name)} ${percent(move.probability)}`)),
  );
}

function showCue(cue, nTurns) {
  const item = make("li", cue.kind);
  item.append(make("div", "what", cue.text));
  if (cue.quote) item.append(make("blockquote", "", `“${cue.quote}”`));
  if (cue.call_id) {
    const from = cue.call_id === view.callId ? `turn ${cue.turn} of this call` : `call ${cue.call_id}, turn ${cue.turn}`;
    item.append(make("div", "where", from));
  }
  item.append(make("div", "when", `after turn ${nTurns}`));
  at("cues").prepend(item);
  at("no-cues").hidden = true;
  view.cues.push({ n: nTurns, text: cue.text });
}

function showUpdate(update) {
  update.read.forEach(showMoves);
  update.cues.forEach((cue) => showCue(cue, update.n_turns));
  view.points.push({ n: update.n_turns, p: update.probability, interval: update.interval });
  at("probability").textContent = update.probability === null ? "–" : percent(update.probability);
  at("interval").textContent = spread(update);
  at("share").value = update.talk_share === null ? 0 : update.talk_share;
  at("share-text").textContent = update.talk_share === null ? "–" : percent(update.talk_share);
}

function spread(standing) {
  if (standing.probability === null) return standing.reasons.join(" ") || "No number.";
  if (!standing.interval) return "";
  return `between ${percent(standing.interval[0])} and ${percent(standing.interval[1])}`;
}

function showEnd(score) {
  at("probability").textContent = score.probability === null ? "–" : percent(score.probability);
  at("interval").textContent = spread(score);
  say(`The call has ended after ${score.n_turns} turns.`);
}

// --- the chart -----------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, text) {
  const one = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  if (text !== undefined) one.textContent = text;
  return one;
}

function draw() {
  const box = at("chart");
  const width = Math.max(box.clientWidth, 200), height = Math.max(box.clientHeight, 120);
  const left = 42, right = 12, top = 8, bottom = 24;
  const last = Math.max(10, ...view.points.map((point) => point.n));
  const x = (n) => left + ((width - left - right) * (n - 1)) / (last - 1);
  const y = (p) => top + (height - top - bottom) * (1 - p);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const p of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(p), y2: y(p) }));
    if (p * 2 === Math.round(p * 2)) {
      picture.append(svg("text", { x: left - 6, y: y(p) + 4, "text-anchor": "end" }, `${100 * p} %`));
    }
  }
  picture.append(svg("text", { x: left, y: height - 6 }, "turn 1"));
  picture.append(svg("text", { x: width - right, y: height - 6, "text-anchor": "end" }, `${last}`));
  for (const run of runs(view.points)) {
    const bounded = run.filter((point) => point.interval);
    if (bounded.length > 1) {
      const upper = bounded.map((point) => `${x(point.n)},${y(point.interval[1])}`);
      const lower = bounded.map((point) => `${x(point.n)},${y(point.interval[0])}`).reverse();
      picture.append(svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }));
    }
    picture.append(svg("polyline", { class: "line", points: run.map((point) => `${x(point.n)},${y(point.p)}`).join(" ") }));
  }
  const known = view.points.filter((point) => point.p !== null);
  const now = known[known.length - 1];
  if (now) picture.append(svg("circle", { class: "now", cx: x(now.n), cy: y(now.p), r: 4 }));
  for (const cue of view.cues) {
    const mark = svg("path", { class: "cue", d: `M${x(cue.n)} ${y(0) - 9}l5 5l-5 5l-5 -5z` });
    mark.append(svg("title", {}, cue.text));
    picture.append(mark);
  }
  box.setAttribute("aria-label", described(known));
  box.replaceChildren(picture);
}

function runs(points) {
  const found = [];
  let run = [];
  for (const point of [...points].sort((a, b) => a.n - b.n)) {
    if (point.p === null) {
      if (run.length) found.push(run);
      run = [];
    } else {
      run.push(point);
    }
  }
  return run.length ? [...found, run] : found;
}

function described(known) {
  if (!known.length) return "Probability after each turn; nothing to show yet.";
  const values = known.map((point) => point.p);
  const now = known[known.length - 1];
  return `Probability after each of ${now.n} turns: now ${percent(now.p)}, lowest ${percent(Math.min(...values))}, ` +
    `highest ${percent(Math.max(...values))}; ${view.cues.length} cues.`;
}

// --- sockets -------------------------------------------------------------------------------------------------------

function openSocket() {
  const url = new URL("v1/live", new URL(".", location.href));
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const protocols = [PROTOCOL];
  const key = at("key").value.trim();
  if (needsKey && key) protocols.push(KEY_PROTOCOL + key);
  const socket = new WebSocket(url, protocols);
  const pings = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send('{"type": "ping"}');
  }, PING_MS);
  socket.addEventListener("close", () => clearInterval(pings));
  return socket;
}

function watch(callId, retries = 0) {
  if (watching) watching.close();
  const socket = (watching = openSocket());
  let isOver = false, isKnown = false;
  socket.onopen = () => socket.send(JSON.stringify(callId ? { type: "watch", call_id: callId } : { type: "watch" }));
  socket.onmessage = (event) => {
    if (socket !== watching) return;
    const message = JSON.parse(event.data);
    if (message.type === "watching") {
      clear();
      view.callId = message.call_id;
      isKnown = true;
      message.turns.forEach(showTurn);
      message.updates.forEach(showUpdate);
      at("turns").scrollTop = at("turns").scrollHeight;
      say(`Connected to call ${message.call_id}.`);
    } else if (message.type === "turn") {
      showTurn(message);
    } else if (message.type === "update") {
      showUpdate(message);
    } else if (message.type === "ended") {
      isOver = true;
      showEnd(message.score);
    } else if (message.type === "error") {
      isOver = isOver || message.code === "no_such_call";
      say(message.detail);
    }
    if (message.type !== "pong") draw();
  };
  socket.onclose = () => {
    if (socket !== watching || isOver) return;
    if (retries >= MAX_RETRIES) return say("Not connected.");
    say(isKnown ? "The connection broke off; trying again." : "No connection; trying again.");
    setTimeout(() => socket === watching && watch(isKnown ? view.callId : callId, isKnown ? 0 : retries + 1), 1000);
  };
}

// --- replaying -----------------------------------------------------------------------------------------------------

const LINE = /^\s*(?:\[?(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?:[.,]\d+)?\]?\s*)?([^:]{1,64}):\s*(\S.*)$/;

function turnsOf(text) {
  const turns = [];
  for (const line of text.split(/\r?\n/)) {
    const found = LINE.exec(line);
    if (!found) continue;
    const [, hours, minutes, seconds, speaker, said] = found;
    const start = minutes === undefined ? undefined : 3600 * Number(hours || 0) + 60 * Number(minutes) + Number(seconds);
    turns.push({ type: "turn", turn_order: turns.length, speaker: speaker.trim(), text: said.trim(), start_s: start, final: true });
  }
  return turns;
}

function replay(turns, begin, speed) {
  stop();
  const state = (replaying = { next: 0, callId: null, timer: 0, socket: null, retries: 0 });
  at("stop").disabled = false;
  const connect = () => {
    const socket = (state.socket = openSocket());
    socket.onopen = () => socket.send(JSON.stringify(state.callId ? { ...begin, call_id: state.callId } : begin));
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "begun") {
        if (!state.callId) watch(message.call_id);
        state.callId = message.call_id;
        state.next = message.last_order === null ? 0 : message.last_order + 1;
        step();
      } else if (message.type === "ended") {
        stop();
      } else if (message.type === "error") {
        say(message.detail);
      }
    };
    socket.onclose = (event) => {
      clearTimeout(state.timer);
      if (state !== replaying) return;
      if (event.code === TAKEN_OVER || state.retries++ >= MAX_RETRIES) {
        say("The replay was stopped: no connection.");
        stop();
      } else {
        state.timer = setTimeout(connect, 1000);
      }
    };
  };
  const step = () => {
    if (state !== replaying) return;
    if (state.next >= turns.length) return state.socket.send('{"type": "end"}');
    const turn = turns[state.next++];
    state.socket.send(JSON.stringify(turn));
    const following = turns[state.next];
    const gap = following && following.start_s !== undefined && turn.start_s !== undefined
      ? Math.max(0, following.start_s - turn.start_s) : turn.text.split(/\s+/).length / 2.5;
    state.timer = setTimeout(step, (1000 * gap) / speed);
  };
  connect();
}

function stop() {
  const state = replaying;
  replaying = null;
  at("stop").disabled = true;
  if (!state) return;
  clearTimeout(state.timer);
  if (state.socket) state.socket.close();
}

// --- the page ------------------------------------------------------------------------------------------------------

at("key-row").hidden = !needsKey;
at("watch").addEventListener("submit", (event) => {
  event.preventDefault();
  watch(at("call-id").value.trim());
});
at("file").addEventListener("change", async () => {
  const [file] = at("file").files;
  if (file) at("text").value = await file.text();
});
at("replay").addEventListener("submit", (event) => {
  event.preventDefault();
  const turns = turnsOf(at("text").value);
  if (!turns.length) return say("There is no turn in this text; give lines such as “Rep: …” and “Customer: …”.");
  const rep = at("rep").value.trim(), planned = Number(at("planned").value);
  const begin = { type: "begin", rep: rep ? [rep] : [] };
  if (planned > 0) begin.planned_s = 60 * planned;
  replay(turns, begin, Number(at("speed").value));
});
at("stop").addEventListener("click", () => {
  stop();
  say("The replay was stopped; the call is kept for a while.");
});
new ResizeObserver(draw).observe(at("chart"));
draw();
