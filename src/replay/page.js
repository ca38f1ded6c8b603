"use strict";
(() => {
  const shown = JSON.parse(document.getElementById("replayed").textContent);
  const course = shown.course;
  const by = (id) => document.getElementById(id);
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const draw = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const s = (micros) => micros / 1e6;
  const clock = (seconds) => {
    const tenths = Math.floor(Math.max(0, seconds) * 10 + 1e-6);
    const two = (n) => String(n).padStart(2, "0");
    return two(Math.floor(tenths / 600)) + ":" + two(Math.floor(tenths / 10) % 60) + "." + (tenths % 10);
  };
  const seconds = Math.max(s(course.until), 1);
  const says = (signal) => (shown.says[signal.kind] || signal.kind) + (signal.about ? " (" + signal.about + ")" : "");

  // What it is.
  by("name").textContent = course.title || course.name;
  const account = Object.entries(course.account).filter(([, value]) => value !== "" && value !== null && value !== false && !(Array.isArray(value) && !value.length));
  by("about").textContent = [course.title ? course.name : "", course.direction, clock(seconds), course.turns.length + " turns",
    account.map(([name, value]) => name + " " + (value === true ? "yes" : value)).join(", ")].filter(Boolean).join(" · ");
  for (const note of course.notes) by("notes").append(make("li", note));
  for (const expected of course.expected) by("notes").append(make("li", "Right to decide: " + expected));
  for (const then of course.then) by("notes").append(make("li", "Decided in the call itself: " + then.reason + ", " + then.urgency + " at " + clock(s(then.at)) + " (" + then.score + " of " + then.threshold + ")"));

  // What was decided.
  if (!course.decisions.length) by("decisions").append(make("p", "Nothing: no person is needed in this call, as far as these settings see."));
  for (const { decision, because, suggested_words: words, became } of course.decisions) {
    const card = make("article", undefined, "decision");
    card.append(make("h3", decision.number + ". At " + clock(s(decision.at)) + ": " + decision.reason.replaceAll("-", " ") + ", " + decision.urgency.replaceAll("-", " ")));
    card.append(make("p", "Trigger " + decision.trigger + ": " + decision.score + " of " + decision.threshold + ", because", "soft"));
    const list = make("ul");
    for (const line of because) list.append(make("li", line));
    for (const question of decision.open_questions) list.append(make("li", "still open: " + question));
    card.append(list);
    if (words) {
      const line = make("p", "To be said: ");
      line.append(make("q", words));
      card.append(line);
    }
    card.append(make("p", became[0].toUpperCase() + became.slice(1) + "."));
    by("decisions").append(card);
  }

  // The lanes, from top to bottom.
  const lanes = [];
  const lane = (tall, name, sub, className, paint) => lanes.push({ tall, name, sub, className, paint });
  let width = 0;
  const x = (time) => time / seconds * width;
  const path = (points) => points.map(([px, py], n) => (n ? "L" : "M") + px.toFixed(1) + " " + py.toFixed(1)).join("");
  lane(22, "", "", "", (g) => {
    const every = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((step) => x(step) >= 60) || 7200;
    for (let time = 0; time <= seconds; time += every) {
      g.append(draw("line", { x1: x(time), x2: x(time), y1: 16, y2: 22, class: "line" }));
      g.append(draw("text", { x: x(time) + 3, y: 14 }, clock(time).slice(0, 5)));
    }
  });
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  for (const [n, [name, peaks]] of (shown.sound ? shown.sound.channels : []).entries()) {
    const values = bytes(peaks);
    lane(44, name.charAt(0).toUpperCase() + name.slice(1), "sound", "", (g) => {
      const edge = (way) => Array.from(values, (value, k) => [x((k + 0.5) * shown.sound.step_s), 22 - way * Math.max(0.5, Math.sqrt(value / 255) * 20)]);
      g.append(draw("path", { d: path(edge(1).concat(edge(-1).reverse())) + "Z", class: "ab"[n] }));
    });
  }
  const rows = { prospect: [3, "a"], assistant: [17, "b"], rep: [17, "r"] };
  lane(32, "Turns", "prospect, other", "", (g) => {
    for (const turn of course.turns) {
      const [y, className] = rows[turn.by];
      g.append(draw("rect", { x: x(s(turn.from)), y, width: Math.max(2, x(s(turn.until) - s(turn.from)) - 1), height: 11, rx: 2, class: className }));
    }
  });
  for (const mood of shown.mood) {
    lane(36, mood.name.charAt(0).toUpperCase() + mood.name.slice(1), "by the voice", "", (g) => {
      mood.points.forEach(([time, read], n) => {
        if (!read) return;
        const next = n + 1 < mood.points.length ? mood.points[n + 1][0] : seconds;
        const [value, confidence] = read;
        const y = 33 - value / 100 * 30;
        // How dark it is says how far it can be trusted.
        g.append(draw("rect", { x: x(time), y, width: Math.max(1, x(next - time)), height: 33 - y, class: "a", opacity: (0.08 + 0.5 * confidence / 100).toFixed(2) }));
      });
    });
  }
  const most = (trigger) => Math.max(...trigger.points.map((point) => point.score / Math.max(1, point.threshold)));
  const moving = course.triggers.filter((trigger) => trigger.points.some((point) => point.score > 0))
    .sort((a, b) => b.fired.length - a.fired.length || most(b) - most(a));
  for (const trigger of moving) {
    const top = Math.max(...trigger.points.map((point) => Math.max(point.score, point.threshold))) * 1.12;
    const y = (score) => 48 - Math.max(0, score) / top * 44;
    const best = trigger.points.reduce((a, b) => (b.score > a.score ? b : a));
    lane(52, trigger.trigger.replaceAll("-", " "), best.score + " of " + best.threshold, trigger.fired.length ? "hot" : "", (g) => {
      const line = trigger.points.map((point) => [x(s(point.at)), y(point.score)]);
      g.append(draw("path", { d: path([[line[0][0], 48], ...line, [line[line.length - 1][0], 48]]) + "Z", class: "area" }));
      g.append(draw("path", { d: path(trigger.points.map((point) => [x(s(point.at)), y(point.threshold)])), class: "threshold" }));
      g.append(draw("path", { d: path(line), class: "bare", "data-score": trigger.trigger }));
      for (const at of trigger.fired) g.append(draw("circle", { cx: x(s(at)), cy: 6, r: 4, class: "fired" }));
    });
  }
  for (const { tall, name, sub, className } of lanes) {
    const label = make("div", undefined, className);
    label.style.height = tall + "px";
    label.append(make("b", name), document.createTextNode(sub));
    by("labels").append(label);
  }
  const height = lanes.reduce((sum, { tall }) => sum + tall, 0);
  let chosen = -1;
  let pointer = null;
  let over = null;
  const mark = (time, className) => draw("line", { x1: x(time), x2: x(time), y1: 0, y2: height, class: className });
  const drawCursor = () => {
    over.replaceChildren();
    if (chosen >= 0) over.append(mark(s(course.turns[chosen].until), "chosen"));
    if (pointer !== null) over.append(mark(pointer, "now"));
  };
  const drawAll = () => {
    width = by("view").clientWidth || 600;
    const svg = draw("svg", { viewBox: "0 0 " + width + " " + height, height, role: "img", "aria-label": "Turns, mood and the score of each trigger against its threshold along the call. The list and the table below say the same in words." });
    let top = 0;
    for (const { tall, paint } of lanes) {
      const g = draw("g", { transform: "translate(0 " + top + ")" });
      g.append(draw("line", { x1: 0, x2: width, y1: tall - 0.5, y2: tall - 0.5, class: "line" }));
      paint(g);
      svg.append(g);
      top += tall;
    }
    for (const { decision } of course.decisions) {
      svg.append(mark(s(decision.at), "over"));
      svg.append(draw("text", { x: x(s(decision.at)) + 4, y: height - 4 }, String(decision.number)));
    }
    over = draw("g", {});
    svg.append(over);
    by("view").replaceChildren(svg);
    drawCursor();
  };

  // What was said, and what happened beside it, in its order.
  const decisive = new Set();
  for (const { decision } of course.decisions) for (const { signal } of decision.evidence) if (signal.words) decisive.add(signal.turn + "/" + signal.words);
  const highlighted = (turn) => {
    const cell = make("span", undefined, "words");
    if (!turn.words) {
      cell.append(make("span", "(its words were taken out)", "soft"));
      return cell;
    }
    const stretches = [];
    for (const signal of turn.signals) {
      const at = signal.words ? turn.words.indexOf(signal.words) : -1;
      if (at >= 0) stretches.push({ from: at, to: at + signal.words.length, signal });
    }
    // Stretches may overlap: the text is cut wherever one begins or ends.
    const cuts = [...new Set([0, turn.words.length, ...stretches.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
    for (let n = 0; n + 1 < cuts.length; n++) {
      const text = turn.words.slice(cuts[n], cuts[n + 1]);
      const here = stretches.filter(({ from, to }) => from <= cuts[n] && cuts[n + 1] <= to);
      if (!here.length) {
        cell.append(document.createTextNode(text));
        continue;
      }
      const tells = here.map(({ signal }) => says(signal) + ", " + signal.strength + " of 100").join("\n");
      const element = make("mark", text, here.some(({ signal }) => decisive.has(signal.turn + "/" + signal.words)) ? "decisive" : "");
      element.dataset.tip = tells;
      element.tabIndex = 0;
      element.setAttribute("aria-description", tells);
      cell.append(element);
    }
    return cell;
  };
  const choose = (n, scroll) => {
    if (n < 0 || n >= course.turns.length) return;
    chosen = n;
    for (const row of document.querySelectorAll("#turns li[data-turn]")) row.classList.toggle("current", Number(row.dataset.turn) === n);
    if (scroll) document.querySelector("#turns li[data-turn=\"" + n + "\"]").scrollIntoView({ block: "nearest" });
    drawCursor();
  };
  const raised = (list) => list.map(({ trigger, score, threshold }) => "↑ " + trigger.replaceAll("-", " ") + " " + score + " of " + threshold).join(" · ");
  const lines = [];
  course.turns.forEach((turn, n) => {
    const row = make("li");
    row.dataset.turn = n;
    const button = make("button", clock(s(turn.from)));
    button.type = "button";
    button.addEventListener("click", () => choose(n, false));
    row.append(button, make("span", turn.by, "who who-" + turn.by), highlighted(turn));
    const told = [...turn.signals.map(says), ...turn.facts.map((fact) => "learned " + fact.name + ": " + fact.value)].join(" · ");
    if (told) row.append(make("div", told, "told"));
    if (turn.raised.length) row.append(make("div", raised(turn.raised), "told"));
    lines.push([turn.until, 0, row]);
  });
  for (const happening of course.happenings) {
    const row = make("li");
    row.append(make("span", clock(s(happening.at)), "soft"), make("span", happening.says, "beside"));
    if (happening.raised.length) row.append(make("div", raised(happening.raised), "told"));
    lines.push([happening.at, 1, row]);
  }
  for (const { decision } of course.decisions) {
    const row = make("li");
    row.append(make("span", clock(s(decision.at)), "soft"), make("span", "▶ decision " + decision.number + ": " + decision.reason.replaceAll("-", " ") + ", " + decision.urgency.replaceAll("-", " "), "deciding"));
    lines.push([decision.at, 2, row]);
  }
  lines.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [, , row] of lines) by("turns").append(row);

  // The tables.
  const head = (table, names) => {
    const row = make("tr");
    for (const [name, className] of names) {
      const cell = make("th", name, className);
      cell.scope = "col";
      row.append(cell);
    }
    const top = make("thead");
    top.append(row);
    const body = make("tbody");
    table.replaceChildren(top, body);
    return body;
  };
  const triggers = head(by("triggers"), [["Trigger", ""], ["What happened", ""]]);
  for (const trigger of [...moving, ...course.triggers.filter((one) => !moving.includes(one))]) {
    const row = make("tr", undefined, trigger.fired.length ? "fired" : "");
    const name = make("th", trigger.trigger.replaceAll("-", " "));
    name.scope = "row";
    row.append(name, make("td", trigger.fired.length ? "fired at " + trigger.fired.map((at) => clock(s(at))).join(", ") : shown.why_not[trigger.trigger]));
    triggers.append(row);
  }
  const facts = head(by("facts"), [["What", ""], ["Value", ""], ["How well", ""]]);
  for (const fact of course.facts) {
    const row = make("tr");
    row.append(make("th", fact.name.replaceAll("-", " ")), make("td", fact.value), make("td", fact.standing));
    facts.append(row);
  }
  if (!course.facts.length) {
    const row = make("tr");
    const cell = make("td", "Nothing yet.");
    cell.colSpan = 3;
    row.append(cell);
    facts.append(row);
  }

  // Pointing.
  const scoreAt = (trigger, time) => trigger.points.findLast((point) => s(point.at) <= time);
  const read = (time) => {
    const turn = course.turns.find((one) => s(one.from) <= time && time <= s(one.until));
    const scores = moving.map((trigger) => [trigger.trigger, scoreAt(trigger, time)]).filter(([, point]) => point && point.score > 0)
      .map(([name, point]) => name.replaceAll("-", " ") + " " + point.score + "/" + point.threshold);
    by("under").textContent = clock(time) + (turn ? "  " + turn.by + ": " + turn.words : "") + "\n" + (scores.join(" · ") || "every score is at nothing");
  };
  const view = by("view");
  const timeOf = (event) => Math.max(0, Math.min(seconds, (event.clientX - view.getBoundingClientRect().left) / width * seconds));
  view.addEventListener("pointermove", (event) => { pointer = timeOf(event); read(pointer); drawCursor(); });
  view.addEventListener("pointerleave", () => { pointer = null; drawCursor(); });
  view.addEventListener("click", (event) => {
    const time = timeOf(event);
    const after = course.turns.findIndex((turn) => s(turn.until) >= time);
    choose(after < 0 ? course.turns.length - 1 : after, true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(course.turns.length - 1, chosen + way)), true);
  });
  by("under").style.minHeight = "3em";
  by("under").textContent = "Point at the drawing to read the scores of a moment.";
  drawAll();
  new ResizeObserver(() => { if (by("view").clientWidth !== width) drawAll(); }).observe(view);
  // Whoever looks at the page by a program sees that all of it was made.
  document.documentElement.dataset.ready = "all";
})();
