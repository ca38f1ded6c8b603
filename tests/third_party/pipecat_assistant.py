#!/usr/bin/env python3
"""A real Pipecat pipeline as the assistant: a Media Streams server at /ws.

Usage: pipecat_assistant.py PORT [options]      (port 0 takes a free one; the first line says which)

No outside services: it greets with tones, then echoes the caller 500 ms late. The transport, the serializer and
parse_telephony_websocket are Pipecat's, unchanged, with default settings (auto_hang_up is on). It tells what happens as
JSON lines on stdout; `closed` holds the counts of a connection and what was not as the carrier would have sent it.
"""
import argparse, asyncio, base64, collections, json, math, socket, sys, time

ap = argparse.ArgumentParser()
ap.add_argument("port", type=int)
ap.add_argument("--greet-seconds", type=float, default=2.0, help="length of the tone greeting; 0 = none, echo at once")
ap.add_argument("--echo-ms", type=int, default=500)
ap.add_argument("--end-after", type=float, help="seconds after start: EndFrame (so auto hang-up)")
ap.add_argument("--end-how", choices=["end", "cancel"], default="end", help="EndFrame or CancelFrame")
ap.add_argument("--rest-base", default="http://127.0.0.1:9",
                help="origin of the REST API for the hang-up; 'start': where the stream's baton_api parameter says. "
                     "The default is a closed port")
ap.add_argument("--account-sid", default="AC" + "0" * 31 + "1")
ap.add_argument("--auth-token", default="0123456789abcdef0123456789abcdef")
ap.add_argument("--log", default="ERROR")
A = ap.parse_args()

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from twilio.request_validator import RequestValidator

from pipecat.frames.frames import (BotStoppedSpeakingFrame, EndFrame, Frame, InputAudioRawFrame, InputDTMFFrame,
                                   OutputAudioRawFrame, StartFrame, TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

T0 = time.monotonic()
HOST = "127.0.0.1"


def say(ev, **kw):
    print(json.dumps({"t": round(time.monotonic() - T0, 3), "ev": ev, **kw}), flush=True)


logger.remove()
logger.add(sys.stderr, level=A.log)
# What the serializer itself reports about its hang-up (it only logs; it returns nothing and raises nothing).
logger.add(lambda m: say("hangup_log", level=m.record["level"].name, text=m.record["message"]), level="DEBUG",
           filter=lambda r: r["name"] == "pipecat.serializers.twilio" and "Twilio call" in r["message"])


class Serializer(TwilioFrameSerializer):
    """Pipecat's serializer; only tells when its hang-up begins and ends, and counts what leaves."""
    def __init__(self, *a, call, **k):
        super().__init__(*a, **k)
        self.call = call

    async def _hang_up_call(self):
        t = time.monotonic()
        say("hangup_attempt", call=self.call.n, base=self._base_url, account=self._account_sid, call_sid=self._call_sid)
        await super()._hang_up_call()
        say("hangup_done", call=self.call.n, seconds=round(time.monotonic() - t, 3))

    async def serialize(self, frame):
        out = await super().serialize(frame)
        if out:
            m = json.loads(out)
            if m["event"] == "media":
                n = len(base64.b64decode(m["media"]["payload"]))
                self.call.sent_bytes += n
                self.call.sent_sizes[n] += 1
                self.call.sent_at.append((time.monotonic(), n))
            else:
                say("sent", call=self.call.n, event=m["event"])
        return out


class Call:
    """One connection, seen on the wire before Pipecat sees it: counts, and complaints about un-Twilio-like shapes."""
    def __init__(self, n):
        self.n, self.events, self.bytes, self.problems = n, collections.Counter(), 0, collections.Counter()
        self.seq, self.chunk, self.stream, self.at, self.close = None, None, None, [], None
        self.sent_bytes, self.sent_sizes, self.sent_at = 0, collections.Counter(), []

    def bad(self, what):
        self.problems[what] += 1

    def see(self, msg):
        if msg["type"] == "websocket.disconnect":
            self.close = [msg.get("code"), msg.get("reason") or ""]
            return
        if msg["type"] != "websocket.receive":
            return
        if msg.get("text") is None:
            return self.bad("binary frame")
        try:
            m = json.loads(msg["text"])
        except ValueError:
            return self.bad("not JSON")
        ev = m.get("event")
        self.events[str(ev)] += 1
        order = sum(self.events.values())
        if order == 1 and ev != "connected":
            self.bad(f"first message is {ev}")
        if order == 2 and ev != "start":
            self.bad(f"second message is {ev}")
        if ev == "connected":
            if m.get("protocol") != "Call" or not isinstance(m.get("version"), str):
                self.bad("connected without protocol/version")
            return
        seq = m.get("sequenceNumber")
        if not (isinstance(seq, str) and seq.isdigit()):
            self.bad(f"{ev}: sequenceNumber {seq!r} is not a string of digits")
        else:
            if int(seq) != (self.seq or 0) + 1:
                self.bad("sequenceNumber does not count up by one from 1")
            self.seq = int(seq)
        if ev == "start":
            self.stream = m.get("streamSid")
            s = m.get("start", {})
            for k, t in (("streamSid", str), ("accountSid", str), ("callSid", str), ("tracks", list),
                         ("mediaFormat", dict), ("customParameters", dict)):
                if not isinstance(s.get(k), t):
                    self.bad(f"start.{k} is {s.get(k)!r}")
            if s.get("mediaFormat") != {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}:
                self.bad(f"start.mediaFormat is {s.get('mediaFormat')!r}")
            if s.get("streamSid") != self.stream:
                self.bad("start.streamSid differs from streamSid")
            if any(not isinstance(v, str) for v in (s.get("customParameters") or {}).values()):
                self.bad("customParameters holds a non-string")
            say("start", call=self.n, start=s)
        elif m.get("streamSid") != self.stream:
            self.bad(f"{ev}: wrong or missing streamSid")
        if ev == "media":
            d = m.get("media", {})
            for k in ("chunk", "timestamp"):
                if not (isinstance(d.get(k), str) and d[k].isdigit()):
                    self.bad(f"media.{k} {d.get(k)!r} is not a string of digits"[:80])
            if d.get("track") != "inbound":
                self.bad(f"media.track is {d.get('track')!r}")
            n = len(base64.b64decode(d.get("payload", "")))
            if n != 160:
                self.bad(f"media of {n} bytes")
            self.bytes += n
            self.at.append(time.monotonic())
        if ev in ("mark", "stop", "dtmf"):
            say("got", call=self.n, event=ev, body=m.get(ev))

    def report(self):
        gaps = sorted(b - a for a, b in zip(self.at, self.at[1:]))
        q = lambda p: round(1000 * gaps[min(len(gaps) - 1, int(p * len(gaps)))], 1) if gaps else None
        lead, worst = 0.0, 0.0
        if self.sent_at:
            end = self.sent_at[0][0]
            for t, n in self.sent_at:
                end = max(end, t) + n / 8000
                worst = max(worst, end - t)
        return dict(call=self.n, close=self.close, events=dict(self.events), received_bytes=self.bytes,
                    received_gap_ms={"p50": q(.5), "p99": q(.99), "max": q(1)}, sent_bytes=self.sent_bytes,
                    sent_sizes=dict(self.sent_sizes), sent_most_ahead_ms=round(1000 * worst), wire_problems=dict(self.problems))


def greeting(rate):
    out, notes = bytearray(), (220, 330, 262, 392, 294, 349)
    for i in range(int(A.greet_seconds * rate)):
        k = int(i / rate / 0.2)                      # syllables of 200 ms, the last 40 ms of each silent
        on = (i / rate) % 0.2 < 0.16
        out += int(on * 9000 * math.sin(2 * math.pi * notes[k % 6] * i / rate)).to_bytes(2, "little", signed=True)
    return bytes(out), rate


class Talker(FrameProcessor):
    """Greets on start; once the greeting has been played, echoes the caller A.echo_ms late."""
    def __init__(self, call, rate):
        super().__init__()
        self.call, self.rate, self.q, self.task = call, rate, collections.deque(), None
        self.echoing = False

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            if self.echoing:
                self.q.append((time.monotonic() + A.echo_ms / 1000, frame))
            return
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            pcm, rate = greeting(self.rate)
            self.task = self.create_task(self.echo())
            if pcm:
                await self.push_frame(TTSStartedFrame())
                await self.push_frame(TTSAudioRawFrame(audio=pcm, sample_rate=rate, num_channels=1))
                await self.push_frame(TTSStoppedFrame())
                say("greeting", call=self.call.n, seconds=round(len(pcm) / 2 / rate, 2))
            else:
                self.echoing = True
        elif isinstance(frame, BotStoppedSpeakingFrame) and direction == FrameDirection.UPSTREAM:
            if not self.echoing:
                self.echoing = True
                say("echoing", call=self.call.n)
        elif isinstance(frame, InputDTMFFrame):
            say("dtmf", call=self.call.n, button=str(frame.button))

    async def echo(self):
        while True:
            await asyncio.sleep(0.01)
            while self.q and self.q[0][0] <= time.monotonic():
                f = self.q.popleft()[1]
                await self.push_frame(OutputAudioRawFrame(f.audio, f.sample_rate, f.num_channels))

    async def cleanup(self):
        await super().cleanup()
        if self.task:
            await self.cancel_task(self.task)
            self.task = None


app = FastAPI()
count = 0


async def serve(ws: WebSocket):
    global count
    count += 1
    call = Call(count)
    h = ws.headers
    sig = h.get("x-twilio-signature", "")
    ok = RequestValidator(A.auth_token).validate(f"ws://{HOST}:{port}/ws", {}, sig)
    say("upgrade", call=call.n, user_agent=h.get("user-agent"), signature_ok=ok)
    await ws.accept()
    inner = ws.receive

    async def receive():
        m = await inner()
        call.see(m)
        return m
    ws.receive = receive
    try:
        kind, data = await parse_telephony_websocket(ws)
        say("parsed", call=call.n, kind=kind, stream_id=data.stream_id, call_id=data.call_id, from_number=data.from_number,
            to_number=data.to_number, body=data.body)
        if kind != "twilio":
            await ws.close()
            return
        base = data.body["baton_api"].removesuffix("/v1") if A.rest_base == "start" else A.rest_base
        ser = Serializer(stream_sid=data["stream_id"], call_sid=data["call_id"], account_sid=A.account_sid, auth_token=A.auth_token,
                         base_url=base, call=call)
        transport = FastAPIWebsocketTransport(websocket=ws, params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=ser))
        params = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
        talker = Talker(call, params.audio_out_sample_rate)
        worker = PipelineWorker(Pipeline([transport.input(), talker, transport.output()]), params=params, idle_timeout_secs=None)
        timers = []

        async def later(s, what, fn):
            await asyncio.sleep(s)
            say(what, call=call.n)
            await fn()

        @transport.event_handler("on_client_connected")
        async def connected(_t, _c):
            say("connected", call=call.n)
            if A.end_after is not None:
                fn = worker.cancel if A.end_how == "cancel" else (lambda: worker.queue_frame(EndFrame()))
                timers.append(asyncio.create_task(later(A.end_after, "ending_" + A.end_how, fn)))

        @transport.event_handler("on_client_disconnected")
        async def disconnected(_t, _c):
            say("peer_closed", call=call.n, close=call.close)
            await worker.cancel()               # what every Pipecat telephony example does here

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()
        for t in timers:
            t.cancel()
    except Exception as e:
        say("error", call=call.n, error=f"{type(e).__name__}: {e}")
    finally:
        say("closed", **call.report())


@app.websocket("/ws")
async def ws1(ws: WebSocket):
    await serve(ws)


if __name__ == "__main__":
    listener = socket.create_server((HOST, A.port))
    port = listener.getsockname()[1]
    say("listening", port=port)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
