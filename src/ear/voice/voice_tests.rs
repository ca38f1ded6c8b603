use super::made::*;
use super::*;
use crate::ear::spectrum::{HOP, REACH, spectra};

/// What an ear made of a sound.
struct Judged {
    speaking: Vec<bool>,
    changes: Vec<(usize, Change)>,
}

fn judge(sound: &[i16], playing: impl Fn(usize) -> f32) -> Judged {
    let mut voice = Voice::default();
    let mut reach = [0.0; REACH];
    let mut judged = Judged { speaking: Vec::new(), changes: Vec::new() };
    for (n, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        reach.copy_within(2 * HOP.., 0);
        reach[REACH - FRAME_SAMPLES..].copy_from_slice(&frame.map(f32::from));
        let voiced = voice.hear(MediaTime((n * FRAME_SAMPLES) as u64), frame, &spectra(&reach), playing(n));
        judged.speaking.push(voiced.speaking);
        judged.changes.extend(voiced.change.map(|change| (n, change)));
    }
    judged
}

#[test]
fn explore() {
    use std::f32::consts::TAU;
    let always = |_: f32| true;
    let mut all: Vec<(String, Vec<f32>)> = Vec::new();
    let mut put = |name: &str, s: Vec<f32>| all.push((name.into(), s));
    put("T ringback us", lines(8.0, &[440.0, 480.0], |t| t % 6.0 < 2.0));
    put("T ringback uk", lines(8.0, &[400.0, 450.0], |t| t % 3.0 < 0.4 || (0.6..1.0).contains(&(t % 3.0))));
    put("T ringback 425", lines(8.0, &[425.0], |t| t % 5.0 < 1.0));
    put("T ringback au", sound(6.0, |t| (TAU * 425.0 * t).sin() * (1.0 + 0.8 * (TAU * 25.0 * t).sin())));
    put("T busy", lines(6.0, &[480.0, 620.0], |t| t % 1.0 < 0.5));
    put("T reorder", lines(6.0, &[480.0, 620.0], |t| t % 0.5 < 0.25));
    put("T fast busy 425", lines(6.0, &[425.0], |t| t % 0.2 < 0.1));
    put("T dial", lines(5.0, &[350.0, 440.0], always));
    for (i, (l, h)) in [(697.0, 1209.0), (770.0, 1336.0), (852.0, 1477.0), (941.0, 1633.0)].into_iter().enumerate() {
        put(&format!("T dtmf {i}"), lines(4.0, &[l, h], |t| t % 0.2 < 0.1));
        put(&format!("T dtmf long {i}"), lines(4.0, &[l, h], |t| t % 1.0 < 0.5));
    }
    put("T dtmf seq", sound(5.0, |t| { let k = (t / 0.15) as usize; if t % 0.15 > 0.08 { return 0.0 } let l = [697.0, 770.0, 852.0, 941.0][k % 4]; let h = [1209.0, 1336.0, 1477.0][(k * 7 / 3) % 3]; (TAU * l * t).sin() + (TAU * h * t).sin() }));
    put("T sit", sound(3.0, |t| { let h = [985.2, 1428.5, 1776.7][((t / 0.33) as usize).min(2)]; if t < 0.99 { (TAU * h * t).sin() } else { 0.0 } }));
    put("T cng", lines(8.0, &[1100.0], |t| t % 3.5 < 0.5));
    put("T ced", sound(4.0, |t| (TAU * 2100.0 * t + if (t / 0.45) as u32 % 2 == 1 { 3.1416 } else { 0.0 }).sin()));
    put("T ans am", sound(4.0, |t| (TAU * 2100.0 * t).sin() * (1.0 + 0.2 * (TAU * 15.0 * t).sin())));
    put("T v21", { let mut k = 1u32; let mut b = 0; let mut ph = 0.0f32; let mut n = 0; sound(4.0, |_| { if n % 27 == 0 { k = k.wrapping_mul(1664525).wrapping_add(1013904223); b = k >> 31; } n += 1; ph += TAU * if b == 1 { 1650.0 } else { 1850.0 } / 8000.0; ph %= TAU; ph.sin() }) });
    put("T v21 flags", { let mut ph = 0.0f32; let mut n = 0; sound(4.0, |_| { let bit = (n / 27) % 8; n += 1; ph += TAU * if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 } / 8000.0; ph %= TAU; ph.sin() }) });
    put("T wail", sweep(8.0, |t| 900.0 + 500.0 * (TAU * 0.3 * t).sin()));
    put("T yelp", sweep(8.0, |t| 900.0 + 500.0 * (TAU * 3.0 * t).sin()));
    put("T hi-lo", sweep(8.0, |t| if t % 1.0 < 0.5 { 440.0 } else { 585.0 }));
    put("T warble 8", sweep(6.0, |t| if t % 0.125 < 0.0625 { 800.0 } else { 1000.0 }));
    put("T warble 16 ring", sound(8.0, { let mut ph = 0.0f32; move |t| { ph += TAU * if t % 0.0625 < 0.03125 { 1300.0 } else { 1600.0 } / 8000.0; if t % 3.0 < 1.0 { ph.sin() } else { 0.0 } } }));
    put("T alarm", lines(6.0, &[1000.0], |t| t % 0.2 < 0.1));
    put("T alarm 3k", lines(6.0, &[3000.0], |t| t % 1.0 < 0.5 && t % 0.125 < 0.06));
    put("T slow sweep", sweep(8.0, |t| 300.0 + 380.0 * t));
    put("T square 300", sound(5.0, |t| if (t * 300.0) % 1.0 < 0.5 { 1.0 } else { -1.0 }));
    put("T square pulsed", sound(6.0, |t| if t % 0.6 > 0.3 { 0.0 } else if (t * 440.0) % 1.0 < 0.5 { 1.0 } else { -1.0 }));
    put("T buzz saw 120", sound(5.0, |t| 2.0 * ((t * 120.0) % 1.0) - 1.0));
    for f in [50.0f32, 60.0] { put(&format!("T hum {f}"), sound(6.0, |t| (1..9).map(|h| (TAU * f * h as f32 * t).sin() / h as f32).sum()));
      put(&format!("T hum odd {f}"), sound(6.0, |t| (0..14).map(|h| (TAU * f * (2 * h + 1) as f32 * t).sin() / (1.0+0.3*h as f32)).sum()));
      put(&format!("T hum + hiss {f}"), mix(&at_level(&sound(6.0, |t| (1..9).map(|h| (TAU * f * h as f32 * t).sin() / h as f32).sum()), -30.0), &at_level(&white(6.0, 3), -45.0))); }
    put("N white", white(8.0, 5));
    put("N pink-ish", mix(&dark(8.0, 6, 0.9), &dark(8.0, 7, 0.5)));
    put("N rain", dark(8.0, 8, 0.6));
    put("N road", dark(8.0, 9, 0.95));
    put("N deep", dark(8.0, 9, 0.99));
    put("N gusts", dark(10.0, 10, 0.9).iter().enumerate().map(|(n, s)| s * (1.0 + 0.9 * (TAU * 0.3 * n as f32 / 8000.0).sin())).collect());
    put("N fan", mix(&dark(8.0, 11, 0.85).iter().enumerate().map(|(n, s)| s * (1.0 + 0.4 * (TAU * 23.0 * n as f32 / 8000.0).sin())).collect::<Vec<_>>(), &gain(&lines(8.0, &[100.0, 200.0], always), -30.0)));
    put("N helicopter", dark(8.0, 11, 0.85).iter().enumerate().map(|(n, s)| s * (TAU * 11.0 * n as f32 / 8000.0).sin().max(0.0)).collect());
    put("N keyboard 6", clicks(10.0, 12, 6.0));
    put("N keyboard 12", clicks(10.0, 13, 12.0));
    put("N keyboard + hiss", mix(&at_level(&clicks(10.0, 14, 8.0), -25.0), &at_level(&white(10.0, 15), -55.0)));
    put("N knocks", sound(8.0, |t| { let s = t % 0.7; (-40.0 * s).exp() * (TAU * 180.0 * s).sin() }));
    put("N rising", white(10.0, 16).iter().enumerate().map(|(n, s)| s * 10f32.powf(-2.0 + 2.0 * n as f32 / 80000.0)).collect());
    put("N burst", white(10.0, 17).iter().enumerate().map(|(n, s)| if (n / 4000) % 3 == 1 { *s } else { s * 0.01 }).collect());
    put("N train", dark(10.0, 18, 0.8).iter().enumerate().map(|(n, s)| s * if (n % 6400) < 800 || (1600..2400).contains(&(n % 6400)) { 1.0 } else { 0.2 }).collect());
    put("M plucked", plucked(12.0, &[262.0, 330.0, 392.0, 349.0], 0.4));
    put("M plucked fast", plucked(12.0, &[440.0, 330.0, 392.0, 294.0, 523.0], 0.18));
    put("M plucked slow", plucked(12.0, &[196.0, 220.0], 1.2));
    put("M strings", strings(12.0, &[[262.0, 330.0, 392.0], [220.0, 262.0, 330.0], [247.0, 294.0, 392.0]], 1.5));
    put("M melody", sound(12.0, |t| { let k = (t / 0.3) as usize; let f = [523.0, 587.0, 659.0, 784.0, 880.0, 659.0][k * 5 % 6]; (1..4).map(|h| (TAU * f * h as f32 * t).sin() / h as f32).sum::<f32>() * (0.2 + (-3.0 * (t % 0.3)).exp()) }));
    put("M bass drums", mix(&plucked(12.0, &[82.0, 110.0, 98.0, 73.0], 0.5), &clicks(12.0, 20, 4.0)));
    println!();
    for (name, s) in all {
        let mut line = format!("{name:20}");
        for level in [-12.0, -20.0, -30.0, -42.0] {
            for lead in [0usize, 3] {
            let mut x = vec![0.0; lead * 8000]; x.extend(&at_level(&s, level));
            if lead > 0 { x = mix(&x, &at_level(&white(x.len() as f32 / 8000.0, 99), -65.0)); }
            let j = judge(&telephone(&x), |_| -96.0);
            let t = j.speaking.iter().filter(|&&s| s).count() as f32 * 0.02;
            let b = j.changes.iter().filter(|c| matches!(c.1, Change::Began { .. })).count();
            line += &if b == 0 { "   .     ".into() } else { format!(" {t:4.1}s/{b:<2}") };
            }
        }
        println!("{line}");
    }
    // After somebody has spoken.
}
