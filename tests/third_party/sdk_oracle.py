#!/usr/bin/env python3
"""Official twilio SDK as a judge. Reads JSON on stdin (one object, an array, or one object a line), writes one JSON line each.

  {"op":"validate","url":U,"params":P,"signature":S,"token":T[,"algorithm":"HMAC_SHA256"]}  -> {"ok":bool}
  {"op":"sign","url":U,"params":P,"token":T[,"algorithm":..]}                               -> {"ok":true,"signature":..,"url":..}
  {"op":"twiml","xml":"<Response>..."[,"max":4000]}                                         -> {"ok":bool,"problems":[..],"rebuilt":".."}
P: object (a value may be a list = repeated field), list of [name,value] pairs, "a=b&c=d" with "form":true, or null.
"body": "<raw text>" instead of params = JSON webhook (bodySHA256; sign appends it to the URL).
op may be left out: signature present = validate, xml present = twiml, else sign.   Exit 0 all ok, 1 something not ok, 2 bad input.
"""
import inspect, json, sys
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator
from twilio.twiml import TwiML
from twilio.twiml import voice_response as VR


class Multi(dict):
    def getlist(self, k):
        return self[k]


def params_of(o):
    p = o.get("params")
    if isinstance(p, str) and o.get("form"):
        p = parse_qsl(p, keep_blank_values=True)
    if not p:
        return {}
    m = Multi()
    for k, v in (p.items() if isinstance(p, dict) else p):
        m.setdefault(k, []).extend(v if isinstance(v, list) else [v])
    return m


def sign(o):
    v, url = RequestValidator(o["token"]), o["url"]
    if "body" in o:
        url += ("&" if "?" in url else "?") + "bodySHA256=" + v.compute_hash(o["body"])
        return {"ok": True, "signature": v.compute_signature(url, {}, o.get("algorithm")), "url": url}
    return {"ok": True, "signature": v.compute_signature(url, params_of(o), o.get("algorithm")), "url": url}


def validate(o):
    v = RequestValidator(o["token"])
    p = o["body"] if "body" in o else params_of(o)
    return {"ok": bool(v.validate(o["url"], p, o["signature"], o.get("algorithm")))}


# -- TwiML: what the builder can produce, asked of the builder itself --------------------------------------------------
_cache = {}


def makers(cls):
    """element name -> list of (method name, {attribute: keyword}, keyword of the text or None, class of the child)."""
    if cls in _cache:
        return _cache[cls]
    out = _cache[cls] = {}
    for name, fn in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("_") or name in vars(TwiML):
            continue
        keys = [p.name for p in inspect.signature(fn).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD][1:]
        try:
            host = VR.VoiceResponse() if cls is VR.VoiceResponse else blank(cls)
            child = fn(host, **{k: f"\0{k}" for k in keys})
        except Exception:
            continue
        if not isinstance(child, TwiML):
            continue
        attrs = {a: v[1:] for a, v in child.attrs.items() if isinstance(v, str) and v.startswith("\0")}
        text = child.value[1:] if isinstance(child.value, str) and child.value.startswith("\0") else None
        out.setdefault(child.name, []).append((name, attrs, text, type(child)))
    return out


def blank(cls):
    o = cls.__new__(cls)
    TwiML.__init__(o)
    return o


MIXED = {c for n, c in vars(VR).items() if n == "Say" or n.startswith("Ssml")}


def build(el, node, cls, path, problems):
    for child in el:
        tag, here = child.tag, f"{path}/{child.tag}"
        cands = makers(cls).get(tag)
        if not cands:
            problems.append(f"{here}: <{tag}> cannot stand in <{el.tag}>")
            continue
        text = (child.text or "") if (child.text or "").strip() else ""
        if not len(child):
            text = text.strip()
        best = min(cands, key=lambda c: (len(set(child.attrib) - set(c[1])), bool(text) and c[2] is None))
        name, attrs, textkey, sub = best
        unknown = sorted(set(child.attrib) - set(attrs))
        for a in unknown:
            problems.append(f"{here}: unknown attribute {a!r} (known: {', '.join(sorted(attrs)) or 'none'})")
        kw = {attrs[a]: v for a, v in child.attrib.items() if a in attrs}
        if text and textkey:
            kw[textkey] = text
        elif text:
            problems.append(f"{here}: text where the builder has none")
        need = [p.name for p in inspect.signature(getattr(cls, name)).parameters.values()
                if p.kind == p.POSITIONAL_OR_KEYWORD and p.default is p.empty and p.name != "self"]
        for k in need:
            if k not in kw:
                problems.append(f"{here}: {k} is required")
                kw[k] = ""
        try:
            made = getattr(node, name)(**kw)
        except Exception as e:
            problems.append(f"{here}: the builder refuses: {e}")
            continue
        build(child, made, sub, here, problems)
        if (child.tail or "").strip():              # mixed content, as SSML in Say; anywhere else it is a slip
            if cls in MIXED:
                node.nest(child.tail)
            else:
                problems.append(f"{path}: loose text {child.tail.strip()[:40]!r}")


def twiml(o):
    xml, problems, notes = o["xml"], [], []
    try:
        root = ET.fromstring(xml.encode() if isinstance(xml, str) else xml)
    except ET.ParseError as e:
        return {"ok": False, "problems": [f"not XML: {e}"]}
    if root.tag != "Response":
        return {"ok": False, "problems": [f"root is <{root.tag}>"]}
    for a in root.attrib:
        problems.append(f"Response: unknown attribute {a!r}")
    r = VR.VoiceResponse()
    build(root, r, VR.VoiceResponse, "Response", problems)
    rebuilt = r.to_xml()
    if not problems and ET.canonicalize(rebuilt, strip_text=True) != ET.canonicalize(ET.tostring(root, encoding="unicode"), strip_text=True):
        problems.append("the builder's document differs")
    if len(xml) > o.get("max", 4000):
        notes.append(f"{len(xml)} characters: too long for an inline Twiml=")
    for s in root.iter("Stream"):
        u = urlsplit(s.get("url", ""))
        if u.scheme not in ("wss", ""):
            notes.append(f"Stream url scheme {u.scheme}: Twilio takes only wss")
        if u.query:
            notes.append("Stream url has a query: Twilio refuses (31920)")
    return {"ok": not problems, "problems": problems, "notes": notes, "rebuilt": rebuilt}


def main():
    text = sys.stdin.read()
    try:
        try:
            docs = json.loads(text)
        except ValueError:
            docs = [json.loads(l) for l in text.splitlines() if l.strip()]
        docs = docs if isinstance(docs, list) else [docs]
        good = True
        for o in docs:
            op = o.get("op") or ("twiml" if "xml" in o else "validate" if "signature" in o else "sign")
            res = {"sign": sign, "validate": validate, "twiml": twiml}[op](o)
            good &= res["ok"]
            print(json.dumps({"op": op, **({"id": o["id"]} if "id" in o else {}), **res}, ensure_ascii=False), flush=True)
    except (ValueError, KeyError, TypeError) as e:
        print(json.dumps({"error": f"{type(e).__name__}: {e}"}), flush=True)
        return 2
    return 0 if good else 1


sys.exit(main())
