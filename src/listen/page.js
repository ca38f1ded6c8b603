"use strict";
(() => {
  const shown = JSON.parse(document.getElementById("analysis").textContent);
  const by = (id) => document.getElementById(id);
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const bytes = (base64) => {
    if (!base64) return null;
    const text = atob(base64);
    const made = new Uint8Array(text.length);
    for (let n = 0; n < text.length; n++) made[n] = text.charCodeAt(n);
    return made;
  };
  const seconds = Math.max(shown.seconds, 0.01);
  const step = shown.step_s;
  const channels = shown.channels.map((channel, n) => ({
    ...channel,
    letter: "ab"[n],
    peaks: bytes(channel.peaks) || new Uint8Array(0),
    level: bytes(channel.level),
    score: bytes(channel.score),
    pitch: bytes(channel.pitch),
    sound: bytes(channel.sound),
  }));
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const spaced = (text) => capital(text.replaceAll("_", " "));
  const clock = (time, digits = 1) => {
    const tick = Math.pow(10, digits);
    const all = Math.floor(Math.max(0, time) * tick + 1e-6);
    const whole = Math.floor(all / tick);
    const two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    const front = minutes >= 60 ? Math.floor(minutes / 60) + ":" + two(minutes % 60) : String(minutes);
    const rest = digits ? "." + String(all % tick).padStart(digits, "0") : "";
    return front + ":" + two(whole % 60) + rest;
  };
  const letterOf = (who) => (channels.find((channel) => channel.name === who) || { letter: "" }).letter;

  // What it is.
  by("name").textContent = shown.files.map((file) => file.name).join(" and ");
  by("about").textContent = clock(seconds, 0) + " · " + shown.files
    .map((file) => (file.channels === 1 ? "one channel" : file.channels + " channels") + ", " + file.coding + ", " + file.rate + " Hz")
    .join(" · ");
  for (const note of shown.notes) by("notes").append(make("li", note));
  if (shown.sound_note) {
    by("sound-note").textContent = shown.sound_note;
    by("sound-note").hidden = false;
  }

  // The sound: µ-law becomes a WAV of 16 bits that every browser plays.
  const decoded = new Int16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const inverted = ~byte & 255;
    const size = ((((inverted & 15) << 3) + 132) << (inverted >> 4 & 7)) - 132;
    decoded[byte] = inverted & 128 ? -size : size;
  }
  const audible = channels.length && channels.every((channel) => channel.sound) ? Math.min(...channels.map((channel) => channel.sound.length)) : 0;
  const audio = new Audio();
  let url = null;
  const ways = [];
  if (channels.length === 2) ways.push(["both, left and right", [[0], [1]]], ["both, mixed", [[0, 1]]]);
  channels.forEach((channel, n) => ways.push([channel.name, [[n]]]));
  ways.forEach(([name], n) => {
    const option = make("option", name);
    option.value = n;
    by("hear").append(option);
  });
  const begin = () => audio.play().catch((error) => {
    // Paused again before it began is no failure.
    if (error.name !== "AbortError") by("under").textContent = "This browser does not play it: " + error.message;
  });
  const tune = () => {
    if (!audible) return;
    const [, ears] = ways[by("hear").value];
    const count = ears.length;
    const wav = new DataView(new ArrayBuffer(44 + audible * 2 * count));
    const word = (at, text) => [...text].forEach((c, n) => wav.setUint8(at + n, c.charCodeAt(0)));
    word(0, "RIFF"); wav.setUint32(4, wav.byteLength - 8, true); word(8, "WAVEfmt ");
    wav.setUint32(16, 16, true); wav.setUint16(20, 1, true); wav.setUint16(22, count, true);
    wav.setUint32(24, 8000, true); wav.setUint32(28, 16000 * count, true); wav.setUint16(32, 2 * count, true); wav.setUint16(34, 16, true);
    word(36, "data"); wav.setUint32(40, audible * 2 * count, true);
    const samples = new Int16Array(wav.buffer, 44);
    ears.forEach((parties, ear) => {
      for (let n = 0; n < audible; n++) {
        let sum = 0;
        for (const party of parties) sum += decoded[channels[party].sound[n]];
        samples[n * count + ear] = Math.max(-32768, Math.min(32767, sum));
      }
    });
    const playing = !audio.paused;
    const rate = audio.playbackRate;
    const old = url;
    url = URL.createObjectURL(new Blob([wav.buffer], { type: "audio/wav" }));
    audio.src = url;
    audio.currentTime = Math.min(at, audible / 8000);
    audio.playbackRate = rate;
    if (playing) begin();
    if (old) URL.revokeObjectURL(old);
  };

  // Where we are.
  let at = 0;
  let from = 0;
  let to = seconds;
  let pointer = null;
  const shortest = 0.25;
  const drawing = by("drawing");
  const overlay = by("overlay");
  const overview = by("overview");
  let width = 0;
  let height = 0;
  let colours = {};
  const x = (time) => (time - from) / (to - from) * width;
  const timeAt = (px) => from + px / width * (to - from);

  // The lanes, from top to bottom.
  const lanes = [];
  const lane = (tall, name, sub, letter, draw) => lanes.push({ tall, name, sub, letter, draw });
  lane(24, "", "", "", (g, top, tall) => ruler(g, top, tall));
  for (const channel of channels) lane(92, capital(channel.name), "speech, turns", channel.letter, (g, top, tall) => wave(g, top, tall, channel));
  const kinds = [...new Set(shown.events.map((event) => event.kind))].sort();
  const hidden = new Set();
  if (shown.events.length) lane(34, "Events", "", "", (g, top, tall) => marks(g, top, tall));
  const with_ = (track) => channels.filter((channel) => channel[track]);
  if (with_("pitch").length) lane(120, "Pitch", "Hz, by octaves", "", (g, top, tall) => pitch(g, top, tall));
  if (with_("level").length) lane(84, "Level", "dBFS", "", (g, top, tall) => curve(g, top, tall, "level", (byte) => (byte / 2 - 100 + 80) / 80, [[-60, 0.25], [-40, 0.5], [-20, 0.75]]));
  if (with_("score").length) lane(56, "Speech score", "0 to 1", "", (g, top, tall) => curve(g, top, tall, "score", (byte) => (byte - 1) / 254, [[0.5, 0.5]]));
  for (const channel of channels) {
    channel.mood_names.forEach((name, n) => lane(46, capital(name), channel.name, channel.letter, (g, top, tall) => mood(g, top, tall, channel, n)));
  }
  for (const { tall, name, sub, letter } of lanes) {
    const label = make("div", undefined, letter);
    label.style.height = tall + "px";
    label.append(make("b", name), document.createTextNode(sub));
    by("labels").append(label);
  }
  height = lanes.reduce((sum, { tall }) => sum + tall, 0);
  for (const canvas of [drawing, overlay]) canvas.style.height = height + "px";
  // Room for a line of each party and one for a mark, so that nothing jumps under the pointer.
  by("under").style.minHeight = 1.5 * (channels.length + (shown.events.length ? 1 : 0)) + "em";

  const fit = (canvas, tall) => {
    const wide = canvas.clientWidth || canvas.parentElement.clientWidth;
    const dense = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(wide * dense) || canvas.height !== Math.round(tall * dense)) {
      canvas.width = Math.round(wide * dense);
      canvas.height = Math.round(tall * dense);
    }
    const g = canvas.getContext("2d");
    g.setTransform(dense, 0, 0, dense, 0, 0);
    g.clearRect(0, 0, wide, tall);
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "middle";
    return [g, wide];
  };
  const learnColours = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "line", "faint", "panel", "a", "b", "a-wash", "b-wash", "cursor", "mark"]) colours[name] = style.getPropertyValue("--" + name).trim();
  };
  const rulerStep = () => [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((s) => s / (to - from) * width >= 70) || 7200;
  const ruler = (g, top, tall) => {
    const every = rulerStep();
    g.fillStyle = colours.soft;
    for (let n = Math.ceil(from / every); n * every <= to; n++) {
      const px = x(n * every);
      g.fillRect(px, top + tall - 6, 1, 6);
      g.fillText(clock(n * every, every < 0.1 ? 2 : every < 1 ? 1 : 0), px + 4, top + tall / 2 - 1);
    }
  };
  // The part of a sorted list that can be seen.
  const visible = (list, begin, end) => list.filter((item) => end(item) >= from && begin(item) <= to);
  const wave = (g, top, tall, channel) => {
    const bar = 6;
    const room = tall - bar - 6;
    const middle = top + 3 + room / 2;
    g.fillStyle = colours[channel.letter + "-wash"];
    for (const segment of visible(channel.segments, (s) => s.from_s, (s) => s.to_s)) {
      const left = x(segment.from_s);
      g.fillRect(left, top + 1, Math.max(1, x(segment.to_s) - left), tall - bar - 2);
    }
    g.fillStyle = colours[channel.letter];
    const samples = (to - from) * 8000;
    if (audible && samples < width * 60) {
      // Near enough to see the samples themselves.
      g.beginPath();
      g.strokeStyle = colours[channel.letter];
      const end = Math.min(audible, Math.ceil(to * 8000));
      for (let n = Math.max(0, Math.floor(from * 8000)); n < end; n++) {
        const y = middle - Math.sign(decoded[channel.sound[n]]) * loud(Math.abs(decoded[channel.sound[n]]) / 32768) * room / 2;
        g.lineTo(x(n / 8000), y);
      }
      g.stroke();
    } else {
      for (let px = 0; px < width; px++) {
        const first = Math.floor(timeAt(px) / step);
        const last = Math.max(first, Math.ceil(timeAt(px + 1) / step) - 1);
        let most = 0;
        for (let n = first; n <= last && n < channel.peaks.length; n++) if (channel.peaks[n] > most) most = channel.peaks[n];
        const tallness = Math.max(1, loud(most / 255) * room);
        g.fillRect(px, middle - tallness / 2, 1, tallness);
      }
    }
    for (const turn of visible(shown.turns, (t) => t.from_s, (t) => t.to_s)) {
      if (turn.who !== channel.name) continue;
      const left = x(turn.from_s);
      g.fillRect(left, top + tall - bar, Math.max(2, x(turn.to_s) - left - 1), bar - 1);
    }
  };
  // Speech lies 20 dB below full scale: a root shows it and leaves loud louder than quiet.
  const loud = (share) => Math.sqrt(share);
  const shape = { barged_in: "◆", back_channel: "○", long_silence: "…", slow_answer: "◷" };
  const marks = (g, top, tall) => {
    g.textAlign = "center";
    let free = [-Infinity, -Infinity];
    for (const event of shown.events) {
      if (hidden.has(event.kind) || event.at_s < from || event.at_s > to) continue;
      const px = x(event.at_s);
      const row = letterOf(event.who) === "b" ? 1 : 0;
      g.fillStyle = event.who ? colours[letterOf(event.who)] : colours.mark;
      if (row) g.fillRect(px - 0.5, top, 1, tall - 17); else g.fillRect(px - 0.5, top + 17, 1, tall - 17);
      g.font = "13px system-ui, sans-serif";
      if (px - free[row] > 9) {
        g.strokeStyle = colours.panel;
        g.lineWidth = 4;
        const glyph = shape[event.kind] || "▲";
        const y = top + (row ? tall - 9 : 9);
        g.strokeText(glyph, px, y);
        g.fillText(glyph, px, y);
        free[row] = px;
      }
    }
    g.lineWidth = 1;
    g.textAlign = "left";
    g.font = "11px system-ui, sans-serif";
  };
  const grid = (g, y, text) => {
    g.fillStyle = colours.line;
    g.fillRect(0, y, width, 1);
    scales.push([y, text]);
  };
  // Written last, so that no curve runs over them.
  let scales = [];
  const writeScales = (g) => {
    g.strokeStyle = colours.panel;
    g.lineWidth = 3;
    g.lineJoin = "round";
    for (const [y, text] of scales) {
      g.strokeText(text, 3, y - 6);
      g.fillStyle = colours.ink;
      g.fillText(text, 3, y - 6);
    }
    g.lineWidth = 1;
    scales = [];
  };
  const pitchY = (byte, top, tall) => top + tall - 4 - (byte - 1) / 240 * (tall - 8);
  const pitch = (g, top, tall) => {
    for (const hertz of [50, 100, 200, 400]) grid(g, Math.round(pitchY(1 + 66 * Math.log2(hertz / 50), top, tall)), String(hertz));
    for (const channel of with_("pitch")) {
      g.fillStyle = colours[channel.letter];
      const wide = Math.max(2, step / (to - from) * width);
      const first = Math.max(0, Math.floor(from / step));
      const last = Math.min(channel.pitch.length, Math.ceil(to / step) + 1);
      // Where many lie on one point of the screen, each is drawn: a thick cloud is a wide range.
      let before = "";
      for (let n = first; n < last; n++) {
        if (!channel.pitch[n]) continue;
        const px = Math.round(x(n * step));
        const here = px + "/" + channel.pitch[n];
        if (here !== before) g.fillRect(px, pitchY(channel.pitch[n], top, tall) - 1, wide, 2);
        before = here;
      }
    }
  };
  const curve = (g, top, tall, track, share, lines) => {
    const y = (part) => top + tall - 3 - Math.max(0, Math.min(1, part)) * (tall - 6);
    for (const [text, part] of lines) grid(g, Math.round(y(part)), String(text));
    for (const channel of with_(track)) {
      g.strokeStyle = colours[channel.letter];
      g.globalAlpha = 0.85;
      g.beginPath();
      let pen = false;
      for (let px = 0; px <= width; px++) {
        const first = Math.floor(timeAt(px) / step);
        const last = Math.max(first, Math.ceil(timeAt(px + 1) / step) - 1);
        let most = 0;
        for (let n = first; n <= last && n < channel[track].length; n++) if (channel[track][n] > most) most = channel[track][n];
        if (!most) { pen = false; continue; }
        if (pen) g.lineTo(px, y(share(most))); else g.moveTo(px, y(share(most)));
        pen = true;
      }
      g.stroke();
      g.globalAlpha = 1;
    }
  };
  const mood = (g, top, tall, channel, n) => {
    const y = (part) => top + tall - 3 - part * (tall - 6);
    g.fillStyle = colours.line;
    g.fillRect(0, Math.round(y(0.5)), width, 1);
    const rows = channel.mood;
    let seen = from;
    for (let row = 0; row < rows.length; row++) {
      const [time, values] = rows[row];
      // An estimate holds for its half second, and what is missing between two is missing.
      const next = Math.min(row + 1 < rows.length ? rows[row + 1][0] : seconds, time + 0.75);
      const value = values[n];
      if (!value || next < from || time > to) continue;
      const [left, right] = [x(time), x(next)];
      // The wash is how far it can be trusted, and the line is as dark.
      g.fillStyle = colours[channel.letter + "-wash"];
      g.fillRect(left, y(value[1]), right - left + 0.5, top + tall - 3 - y(value[1]));
      g.globalAlpha = 0.15 + 0.85 * value[1];
      g.strokeStyle = colours[channel.letter];
      g.lineWidth = 2;
      g.beginPath();
      g.moveTo(left, y(value[0]));
      const after = row + 1 < rows.length && rows[row + 1][0] - time < 0.76 ? rows[row + 1][1][n] : null;
      g.lineTo(right, y(after ? after[0] : value[0]));
      g.stroke();
      g.globalAlpha = 1;
      g.lineWidth = 1;
      if (left - x(seen) > 90) nothing(g, x(seen), left, top, tall);
      seen = next;
    }
    if (width - x(seen) > 90) nothing(g, x(seen), width, top, tall);
  };
  const nothing = (g, left, right, top, tall) => {
    g.fillStyle = colours.soft;
    g.textAlign = "center";
    g.fillText("no evidence", (Math.max(0, left) + Math.min(width, right)) / 2, top + tall / 2);
    g.textAlign = "left";
  };

  let wanted = false;
  const draw = () => {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      const [g, wide] = fit(drawing, height);
      width = wide;
      let top = 0;
      for (const { tall, draw: paint } of lanes) {
        if (top) {
          g.fillStyle = colours.line;
          g.fillRect(0, top, width, 1);
        }
        g.save();
        g.beginPath();
        g.rect(0, top, width, tall);
        g.clip();
        paint(g, top, tall);
        writeScales(g);
        g.restore();
        top += tall;
      }
      drawOverview();
      drawCursor();
    });
  };
  // The whole of it is drawn once for a width and its colours.
  let picture = null;
  const pictured = (wide) => {
    const key = wide + colours.a + (window.devicePixelRatio || 1);
    if (picture && picture.key === key) return picture.canvas;
    const canvas = document.createElement("canvas");
    const dense = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(wide * dense));
    canvas.height = 44 * dense;
    const g = canvas.getContext("2d");
    g.scale(dense, dense);
    const tall = 44 / Math.max(1, channels.length);
    channels.forEach((channel, row) => {
      g.fillStyle = colours[channel.letter];
      const each = seconds / step / wide;
      for (let px = 0; px < wide; px++) {
        let most = 0;
        const last = Math.ceil((px + 1) * each);
        for (let n = Math.floor(px * each); n < last && n < channel.peaks.length; n++) if (channel.peaks[n] > most) most = channel.peaks[n];
        const high = Math.max(0.5, loud(most / 255) * (tall - 4));
        g.fillRect(px, row * tall + (tall - high) / 2, 1, high);
      }
    });
    picture = { key, canvas };
    return canvas;
  };
  const drawOverview = () => {
    const [g, wide] = fit(overview, 44);
    g.drawImage(pictured(wide), 0, 0, wide, 44);
    g.fillStyle = colours.panel;
    g.globalAlpha = 0.72;
    g.fillRect(0, 0, from / seconds * wide, 44);
    g.fillRect(to / seconds * wide, 0, wide, 44);
    g.globalAlpha = 1;
    g.strokeStyle = colours.soft;
    g.strokeRect(from / seconds * wide + 0.5, 0.5, Math.max(2, (to - from) / seconds * wide - 1), 43);
    g.fillStyle = colours.cursor;
    g.fillRect(at / seconds * wide - 0.5, 0, 1.5, 44);
  };
  const drawCursor = () => {
    const [g] = fit(overlay, height);
    if (pointer !== null) {
      g.fillStyle = colours.soft;
      g.globalAlpha = 0.5;
      g.fillRect(x(pointer), 0, 1, height);
      g.globalAlpha = 1;
    }
    g.fillStyle = colours.cursor;
    g.fillRect(x(at) - 0.75, 0, 1.5, height);
    g.beginPath();
    g.moveTo(x(at) - 5, 0);
    g.lineTo(x(at) + 5, 0);
    g.lineTo(x(at), 7);
    g.fill();
  };

  const speakingAt = (time) => channels.filter((channel) => channel.segments.some((s) => s.from_s <= time && time < s.to_s)).map((channel) => channel.name);
  const readAt = (time) => {
    const n = Math.floor(time / step);
    const parts = [];
    for (const channel of channels) {
      const said = [];
      if (channel.level && channel.level[n]) said.push((channel.level[n] / 2 - 100).toFixed(0) + " dBFS");
      if (channel.pitch && channel.pitch[n]) said.push((50 * Math.pow(2, (channel.pitch[n] - 1) / 66)).toFixed(0) + " Hz");
      if (channel.score && channel.score[n]) said.push("score " + ((channel.score[n] - 1) / 254).toFixed(2));
      const row = channel.mood.findLast((mood) => mood[0] <= time);
      if (row && time - row[0] < 0.75) channel.mood_names.forEach((name, k) => { if (row[1][k]) said.push(name + " " + row[1][k][0].toFixed(2) + " (sure " + row[1][k][1].toFixed(2) + ")"); });
      parts.push(clock(time, 2) + "  " + channel.name + ": " + said.join(", "));
    }
    return parts.join("\n");
  };
  const tell = () => {
    by("clock").textContent = clock(at) + " / " + clock(seconds);
    const slider = by("slider");
    const who = speakingAt(at);
    slider.setAttribute("aria-valuemax", seconds.toFixed(1));
    slider.setAttribute("aria-valuenow", at.toFixed(1));
    slider.setAttribute("aria-valuetext", clock(at) + " of " + clock(seconds, 0) + ", " + (who.length ? who.join(" and ") + " speaking" : "silence"));
    if (pointer === null) by("under").textContent = readAt(at);
    for (const row of document.querySelectorAll("tr[data-from]")) row.classList.toggle("now", row.dataset.from <= at && at < row.dataset.to);
  };
  const show = (begin, end) => {
    const wide = Math.min(seconds, Math.max(shortest, end - begin));
    from = Math.max(0, Math.min(seconds - wide, begin));
    to = from + wide;
    draw();
  };
  const zoom = (factor, around) => {
    const middle = around ?? (at >= from && at <= to ? at : (from + to) / 2);
    const wide = Math.min(seconds, Math.max(shortest, (to - from) * factor));
    const begin = middle - (middle - from) / (to - from) * wide;
    show(begin, begin + wide);
  };
  const follow = () => {
    const wide = to - from;
    if (at < from || at > to) show(at - wide * 0.1, at + wide * 0.9);
  };
  const go = (time) => {
    at = Math.max(0, Math.min(seconds, time));
    if (audible) audio.currentTime = Math.min(at, audible / 8000);
    follow();
    drawOverview();
    drawCursor();
    tell();
  };
  const play = () => {
    if (!audible) return;
    if (!audio.paused) return audio.pause();
    const end = audible / 8000;
    if (at > end + 0.5) {
      by("under").textContent = "There is no sound here: it ends at " + clock(end) + ".";
      return;
    }
    if (at >= end - 0.05) go(0);
    audio.playbackRate = Number(by("speed").value);
    begin();
  };
  let told = 0;
  const tick = () => {
    if (audio.paused) return;
    at = audio.currentTime;
    follow();
    drawOverview();
    drawCursor();
    if (performance.now() - told > 100) {
      told = performance.now();
      tell();
    }
    requestAnimationFrame(tick);
  };
  audio.addEventListener("play", () => { by("play").textContent = "Pause"; tick(); });
  audio.addEventListener("pause", () => { by("play").textContent = "Play"; tell(); });
  if (!audible) {
    by("play").disabled = true;
    by("hear").disabled = true;
    by("speed").disabled = true;
  }

  const marked = () => shown.events.filter((event) => !hidden.has(event.kind));
  const nextEvent = (way) => {
    const list = marked();
    const found = way > 0 ? list.find((event) => event.at_s > at + 0.05) : list.findLast((event) => event.at_s < at - 0.05);
    if (found) go(found.at_s);
  };
  by("play").addEventListener("click", play);
  by("hear").addEventListener("change", tune);
  by("speed").addEventListener("change", () => { audio.playbackRate = Number(by("speed").value); });
  by("before").addEventListener("click", () => nextEvent(-1));
  by("behind").addEventListener("click", () => nextEvent(1));
  by("in").addEventListener("click", () => zoom(0.5));
  by("out").addEventListener("click", () => zoom(2));
  by("all").addEventListener("click", () => show(0, seconds));
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.altKey || event.metaKey || target.tagName === "SELECT") return;
    if (event.key === " " && target.tagName === "BUTTON") return;
    const wide = event.shiftKey ? 10 : 2;
    const keys = {
      " ": play,
      ArrowLeft: () => go(at - wide),
      ArrowRight: () => go(at + wide),
      ",": () => go(at - 0.1),
      ".": () => go(at + 0.1),
      Home: () => go(0),
      End: () => go(seconds),
      n: () => nextEvent(1),
      p: () => nextEvent(-1),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      "0": () => show(0, seconds),
    };
    const does = keys[event.key] || keys[event.key.toLowerCase()];
    if (!does) return;
    event.preventDefault();
    does();
  });

  // Pointing: a click goes there, a drag moves the view.
  const view = by("slider");
  let held = null;
  view.addEventListener("pointerdown", (event) => {
    held = { px: event.clientX, from, to, moved: false };
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    const px = event.clientX - view.getBoundingClientRect().left;
    if (held && Math.abs(event.clientX - held.px) > 4) held.moved = true;
    if (held && held.moved) {
      const shift = (event.clientX - held.px) / width * (held.to - held.from);
      show(held.from - shift, held.to - shift);
    }
    pointer = Math.max(0, Math.min(seconds, timeAt(px)));
    const near = marked().filter((mark) => Math.abs(x(mark.at_s) - px) < 6).map((mark) => mark.says);
    by("under").textContent = readAt(pointer) + (near.length ? "\n" + near.join("; ") : "");
    drawCursor();
  });
  view.addEventListener("pointerup", (event) => {
    if (held && !held.moved) go(timeAt(event.clientX - view.getBoundingClientRect().left));
    held = null;
  });
  view.addEventListener("pointercancel", () => { held = null; });
  view.addEventListener("pointerleave", () => { pointer = null; drawCursor(); tell(); });
  view.addEventListener("wheel", (event) => {
    const px = event.clientX - view.getBoundingClientRect().left;
    if (event.ctrlKey) {
      event.preventDefault();
      zoom(Math.pow(1.0015, event.deltaY), timeAt(px));
    } else if (event.deltaX || event.shiftKey) {
      event.preventDefault();
      const shift = (event.deltaX || event.deltaY) / width * (to - from);
      show(from + shift, to + shift);
    }
  }, { passive: false });
  const leap = (event) => {
    const box = overview.getBoundingClientRect();
    const time = (event.clientX - box.left) / box.width * seconds;
    if (to - from < seconds * 0.999) show(time - (to - from) / 2, time + (to - from) / 2);
    go(time);
  };
  overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); leap(event); });
  overview.addEventListener("pointermove", (event) => { if (event.buttons) leap(event); });

  // The tables say the same in words.
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
  const placed = (time) => {
    const button = make("button", clock(time));
    button.type = "button";
    button.addEventListener("click", () => go(time));
    const cell = make("td");
    cell.append(button);
    return cell;
  };
  const figures = head(by("figures"), [["", ""], ...channels.map((channel) => [channel.name, "n who-" + channel.letter])]);
  for (const [what, values] of shown.lines) {
    const row = make("tr");
    const name = make("th", what);
    name.scope = "row";
    row.append(name, ...values.map((value) => make("td", value, "n")));
    figures.append(row);
  }
  const listEvents = () => {
    const body = head(by("events"), [["At", ""], ["What", ""]]);
    if (!marked().length) {
      const cell = make("td", "Nothing is marked.");
      cell.colSpan = 2;
      const row = make("tr");
      row.append(cell);
      body.append(row);
    }
    for (const event of marked()) {
      const row = make("tr");
      row.append(placed(event.at_s), make("td", event.says, event.who ? "who-" + letterOf(event.who) : ""));
      body.append(row);
    }
  };
  for (const kind of kinds) {
    const count = shown.events.filter((event) => event.kind === kind).length;
    const button = make("button", (shape[kind] || "▲") + " " + spaced(kind) + " (" + count + ")");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!hidden.delete(kind)) hidden.add(kind);
      button.setAttribute("aria-pressed", String(!hidden.has(kind)));
      listEvents();
      draw();
    });
    by("kinds").append(button);
  }
  listEvents();
  const turns = head(by("turns"), [["From", ""], ["Whose", ""], ["Long", "n"], ["Answer after", "n"], ["Pauses", "n"]]);
  for (const turn of shown.turns) {
    const row = make("tr");
    row.dataset.from = turn.from_s;
    row.dataset.to = turn.to_s;
    const latency = turn.latency_s === null ? "" : turn.latency_s.toFixed(2) + " s";
    row.append(placed(turn.from_s), make("td", turn.who, "who-" + letterOf(turn.who)), make("td", (turn.to_s - turn.from_s).toFixed(1) + " s", "n"), make("td", latency, "n"), make("td", String(turn.pauses), "n"));
    turns.append(row);
  }

  // #75 is a place to show someone, #60-90 a stretch; both in seconds.
  const place = () => {
    const found = /^#(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(location.hash);
    if (!found) return;
    if (found[2]) show(Number(found[1]), Number(found[2]));
    go(Number(found[1]));
  };
  window.addEventListener("hashchange", place);

  learnColours();
  tune();
  tell();
  draw();
  place();
  new ResizeObserver(draw).observe(by("view"));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { learnColours(); draw(); });
  // Whoever looks at the page by a program sees that all of it was made.
  document.documentElement.dataset.ready = "all";
})();
