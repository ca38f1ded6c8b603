#!/usr/bin/env python3
"""Pipecat's websocket client as the carrier, for one call.

Usage: pipecat_carrier.py WEBHOOK_URL [options]

POSTs a signed voice webhook, reads the TwiML, opens the <Stream> with a signed upgrade, speaks for --seconds, says `stop`,
closes, and asks the <Connect>'s action as after a hang-up. It tells what happens as JSON lines on stdout; `result` holds
what came back and what the carrier would not have taken. Exit: 0 sound came back; 1 none came; 3 webhook refused or no
<Stream>; 4 upgrade refused.

Two manners. Full (default): the carrier's whole wire shape, TwilioFrameSerializer turned round: strings of sequenceNumber,
track, chunk and timestamp, marks sent back when played or cleared. --plain: Pipecat's own pieces unchanged, as its example
client: an unsigned webhook without a body, UUIDs for names, 40 ms chunks, media without numbers, no marks, no `stop`.
"""
import argparse, asyncio, base64, collections, contextlib, json, math, sys, time, uuid
import xml.etree.ElementTree as ET
from urllib.parse import urljoin

ap = argparse.ArgumentParser()
ap.add_argument("webhook")
ap.add_argument("--token", default="0123456789abcdef0123456789abcdef")
ap.add_argument("--account", default="AC" + "0" * 31 + "1")
ap.add_argument("--from", dest="from_", default="+14155550123")
ap.add_argument("--to", default="+14155550100")
ap.add_argument("--seconds", type=float, default=5)
ap.add_argument("--plain", action="store_true")
ap.add_argument("--log", default="ERROR")
A = ap.parse_args()

import aiohttp
from loguru import logger
from twilio.request_validator import RequestValidator

import pipecat.transports.websocket.client as client_mod
from pipecat.frames.frames import (AudioRawFrame, EndFrame, Frame, InputAudioRawFrame, OutputAudioRawFrame,
                                   OutputTransportMessageFrame, OutputTransportMessageUrgentFrame)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.client import WebsocketClientParams, WebsocketClientTransport
from pipecat.workers.runner import WorkerRunner

logger.remove()
logger.add(sys.stderr, level=A.log)
T0 = time.monotonic()
CALL_SID = str(uuid.uuid4()) if A.plain else "CA" + uuid.uuid4().hex
V = RequestValidator(A.token)
STREAM = str(uuid.uuid4()) if A.plain else "MZ" + uuid.uuid4().hex


def say(ev, **kw):
    print(json.dumps({"t": round(time.monotonic() - T0, 3), "ev": ev, **kw}), flush=True)


async def post(http, url, params):
    url = url.split("#")[0]
    headers = {"X-Twilio-Signature": V.compute_signature(url, params), "User-Agent": "TwilioProxy/1.1",
               "I-Twilio-Idempotency-Token": str(uuid.uuid4())}
    async with http.post(url, **({} if A.plain else dict(data=params, headers=headers))) as r:
        return r.status, await r.text()


def voice_params(**more):
    p = {"AccountSid": A.account, "ApiVersion": "2010-04-01", "CallSid": CALL_SID, "CallStatus": "ringing",
         "Called": A.to, "Caller": A.from_, "Direction": "inbound", "From": A.from_, "To": A.to, "FromCountry": "US", "ToCountry": "US"}
    p.update(more)
    return p


class Heard:
    """What came back; plays it on a clock of its own, so that marks and clears mean what they mean at Twilio."""
    def __init__(self):
        self.events, self.bytes, self.sizes, self.problems = collections.Counter(), 0, collections.Counter(), collections.Counter()
        self.play_end, self.first, self.most, self.gap_ms = 0.0, None, 0.0, 0.0
        self.pending, self.marks, self.cleared_ms, self.send, self.t0 = [], [], 0.0, None, None

    def see(self, raw):
        now = time.monotonic()
        if isinstance(raw, bytes):
            self.problems["binary frame (31950)"] += 1
            return
        try:
            m = json.loads(raw)
        except ValueError:
            self.problems["not JSON (31950)"] += 1
            return
        ev = m.get("event")
        self.events[str(ev)] += 1
        allowed = {"media": {"payload"}, "mark": {"name"}, "clear": None}
        if ev not in allowed:
            self.problems[f"unknown event {ev} (31951)"] += 1
            return
        if m.get("streamSid") != STREAM:
            self.problems[f"{ev}: wrong streamSid {m.get('streamSid')!r} (31951)"] += 1
        extra = set(m) - {"event", "streamSid", ev} | (set() if allowed[ev] is None else set(m.get(ev) or {}) - allowed[ev])
        if extra or (allowed[ev] is None and ev in m):
            self.problems[f"{ev}: unexpected fields {sorted(extra)} (31951)"] += 1
        if ev == "media":
            try:
                data = base64.b64decode(m["media"]["payload"], validate=True)
            except Exception as e:
                self.problems[f"media: bad payload: {e}"] += 1
                return
            self.bytes += len(data)
            self.sizes[len(data)] += 1
            if self.first is None:
                self.first = now
                say("first_audio", bytes=len(data), after_start_ms=round(1000 * (now - (self.t0 or now))))
            elif now > self.play_end:
                self.gap_ms += 1000 * (now - self.play_end)
            start = max(now, self.play_end)
            self.play_end = start + len(data) / 8000
            self.most = max(self.most, self.play_end - now)
        elif ev == "mark":
            name = (m.get("mark") or {}).get("name")
            if not isinstance(name, str) or not name:
                self.problems["mark without name"] += 1
                return
            say("mark", name=name, due_in_ms=max(0, round(1000 * (self.play_end - now))))
            self.pending.append((name, asyncio.get_running_loop().call_later(max(0, self.play_end - now), self.played, name)))
        elif ev == "clear":
            drop = max(0.0, self.play_end - now)
            self.cleared_ms += 1000 * drop
            self.play_end = min(self.play_end, now)
            say("clear", dropped_ms=round(1000 * drop), marks=[n for n, _ in self.pending])
            for n, h in list(self.pending):
                h.cancel()
                self.played(n)

    def played(self, name):
        self.pending = [p for p in self.pending if p[0] != name]
        self.marks.append(name)
        if self.send and not A.plain:
            asyncio.ensure_future(self.send({"event": "mark", "mark": {"name": name}}))


class Carrier(TwilioFrameSerializer):
    """Pipecat's serializer turned round to Twilio's side of the wire (full shape)."""
    def __init__(self, heard):
        # auto_hang_up must be off: on by default, it asks for credentials of an account we are the carrier of
        super().__init__(stream_sid=STREAM, call_sid=CALL_SID, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
        self.heard, self.seq, self.chunk, self.samples = heard, 0, 0, 0

    async def deserialize(self, data):
        self.heard.see(data)
        return await super().deserialize(data)

    async def serialize(self, frame):
        out = await super().serialize(frame)
        if out is None or A.plain:
            return out
        m = json.loads(out)
        if m["event"] == "connected":
            return out
        self.seq += 1
        m = {"event": m.pop("event"), "sequenceNumber": str(self.seq), "streamSid": STREAM, **m}
        if m["event"] == "media":
            self.chunk += 1
            n = len(base64.b64decode(m["media"]["payload"]))
            m["media"] = {"track": "inbound", "chunk": str(self.chunk), "timestamp": str(self.samples // 8), **m["media"]}
            self.samples += n
        return json.dumps(m)


class Sink(FrameProcessor):
    """Swallows the heard audio, so that it is not pushed on to the output."""
    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)


def speech(seconds):
    rate = 8000
    return b"".join(int(((i / rate) % 0.3 < 0.25) * 8000 * math.sin(2 * math.pi * 440 * i / rate))
                    .to_bytes(2, "little", signed=True) for i in range(int(seconds * rate))), rate


async def main():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        signed = A.webhook
        status, text = await post(http, signed, voice_params())
        say("webhook", status=status, twiml=text[:4000])
        try:
            root = ET.fromstring(text)
            stream = root.find("./Connect/Stream")
        except ET.ParseError:
            stream = None
        if status != 200 or stream is None:
            say("no_stream")
            return 3
        connect = root.find("./Connect")
        url = urljoin(signed.replace("http", "ws", 1), stream.get("url"))
        params = {p.get("name"): p.get("value") for p in stream.findall("Parameter")}
        headers = {"X-Twilio-Signature": V.compute_signature(url, {})}
        if A.plain:
            headers = {}

        async def event(kind, **more):
            cb = stream.get("statusCallback")
            if cb and not A.plain:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    st, *_ = await post(http, urljoin(signed, cb), {"AccountSid": A.account, "CallSid": CALL_SID, "StreamSid": STREAM,
                        "StreamName": stream.get("name") or STREAM, "StreamEvent": kind, "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), **more})
                    say("stream_callback", kind=kind, status=st)

        heard = Heard()
        failure = []
        connect_real = client_mod.websocket_connect

        async def dial(**kw):                       # Pipecat's own dialling; at Twilio's manner also without its extras
            if not A.plain:
                kw |= dict(compression=None, user_agent_header="Twilio.TmeWs/1.0", ping_interval=None)
            try:
                return await connect_real(**kw, proxy=None)
            except BaseException as e:
                failure.append(f"{type(e).__name__}: {e}")
                say("upgrade_refused", error=failure[0], status=getattr(getattr(e, "response", None), "status_code", None))
                await event("stream-error", StreamError=failure[0])
                raise
        client_mod.websocket_connect = dial

        transport = WebsocketClientTransport(uri=url, params=WebsocketClientParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, additional_headers=headers, serializer=Carrier(heard),
            **({} if A.plain else dict(audio_out_10ms_chunks=2, audio_out_end_silence_secs=0))))
        worker = PipelineWorker(Pipeline([transport.input(), Sink(), transport.output()]), idle_timeout_secs=None, setup_timeout_secs=15,
                                params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000))
        lost, ended = [], asyncio.Event()

        async def send(m):
            await transport.output().send_message(OutputTransportMessageUrgentFrame(message=m))
        heard.send = send

        @transport.event_handler("on_connected")
        async def on_connected(_t, ws):
            say("connected", response_headers={k: v for k, v in ws.response.headers.raw_items() if k.lower().startswith("sec-websocket")})
            heard.t0 = time.monotonic()
            await send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
            if A.plain:
                await send({"event": "start", "streamSid": STREAM, "callSid": CALL_SID, "start": {"streamSid": STREAM, "callSid": CALL_SID}
                            | ({"customParameters": params} if params else {})})
            else:
                await send({"event": "start", "start": {"streamSid": STREAM, "accountSid": A.account, "callSid": CALL_SID, "tracks": ["inbound"],
                            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}, "customParameters": params}})

        @transport.event_handler("on_disconnected")
        async def on_disconnected(_t, ws):
            if not ended.is_set():
                lost.append([ws.close_code, ws.close_reason or ""])
                say("other_side_closed", code=ws.close_code, reason=ws.close_reason)
                await worker.cancel()

        async def script():
            await event("stream-started")
            pcm, rate = speech(A.seconds)
            await worker.queue_frame(OutputAudioRawFrame(pcm, rate, 1))   # Pipecat cuts it up and paces it
            await asyncio.sleep(A.seconds)
            ended.set()
            if not A.plain:
                await send({"event": "stop", "stop": {"accountSid": A.account, "callSid": CALL_SID}})
            await worker.queue_frame(EndFrame())

        runner = WorkerRunner(handle_sigint=True)
        task = None

        @worker.event_handler("on_pipeline_started")
        async def started(_w, _f):
            nonlocal task
            if failure:                            # Pipecat starts the pipeline even when its socket could not connect
                return await worker.cancel()
            task = asyncio.create_task(script())

        with contextlib.suppress(Exception):
            await runner.add_workers(worker)
            await runner.run()
        if task:
            task.cancel()
        if failure:
            return 4
        await event("stream-stopped")
        talked = time.monotonic() - heard.t0 if heard.t0 else 0
        say("result", media_bytes=heard.bytes, media_seconds=round(heard.bytes / 8000, 2), talked_seconds=round(talked, 2), events=dict(heard.events),
            sizes=dict(heard.sizes), marks_echoed=heard.marks, marks_unplayed=[n for n, _ in heard.pending], clears=heard.events["clear"],
            cleared_ms=round(heard.cleared_ms), most_queued_ms=round(1000 * heard.most), dry_ms=round(heard.gap_ms),
            problems=dict(heard.problems), closed_by="other side" if lost else "us", close=lost[0] if lost else None)
        if connect.get("action") and not A.plain:   # the server closed, or the caller hung up: the carrier asks what next
            over = "in-progress" if lost else "completed"
            st, text = await post(http, urljoin(signed, connect.get("action")), voice_params(CallStatus=over))
            say("action", status=st, twiml=text[:4000])
        return 0 if heard.bytes else 1


rc = asyncio.run(main())
say("exit", code=rc)
sys.exit(rc)
