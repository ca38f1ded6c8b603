//! A moment taken out of a sound, or put into it, where nobody hears it: at a multiple of the pitch, cross-faded.

/// Takes out between `least` and `most` samples, and says how many: the rest stands at the beginning. Both ends stay as
/// they were, so that what was before and what comes after still fit.
pub fn shorten(sound: &mut [f32], least: usize, most: usize) -> usize {
    let most = most.min(sound.len().saturating_sub(SHORTEST_FADE));
    let Some(shift) = most_alike(sound, least, most) else { return 0 };
    let fade = (sound.len() - shift).min(LONGEST_FADE);
    for n in 0..fade {
        sound[n] = faded(sound[n], sound[n + shift], n, fade);
    }
    sound.copy_within(fade + shift.., fade);
    shift
}

/// Puts in between `least` and `most` samples, and says how many. The sound is the first `length` samples; behind it
/// there must be room.
pub fn lengthen(sound: &mut [f32], length: usize, least: usize, most: usize) -> usize {
    let most = most.min(sound.len() - length).min(length.saturating_sub(SHORTEST_FADE));
    let Some(shift) = most_alike(&sound[..length], least, most) else { return 0 };
    let fade = (length - shift).min(LONGEST_FADE);
    // What comes after the fade is moved first; the fade reads only what is not overwritten yet.
    sound.copy_within(fade..length, fade + shift);
    for n in (0..fade).rev() {
        sound[n + shift] = faded(sound[n + shift], sound[n], n, fade);
    }
    shift
}

/// The shift at which the sound is most like itself.
fn most_alike(sound: &[f32], least: usize, most: usize) -> Option<usize> {
    let mut best = None;
    let mut score = f32::MIN;
    for shift in least.max(1)..=most {
        let length = (sound.len() - shift).min(LONGEST_FADE);
        let (mut dot, mut energy, mut shifted) = (0.0, 1.0, 1.0);
        for (a, b) in sound[..length].iter().zip(&sound[shift..shift + length]) {
            dot += a * b;
            energy += a * a;
            shifted += b * b;
        }
        let alike: f32 = dot / (energy * shifted).sqrt();
        if alike > score {
            (best, score) = (Some(shift), alike);
        }
    }
    best
}

fn faded(from: f32, to: f32, n: usize, fade: usize) -> f32 {
    let new = (n + 1) as f32 / (fade + 1) as f32;
    from * (1.0 - new) + to * new
}

/// 10 ms: longer fades hear two voices.
const LONGEST_FADE: usize = 80;

/// 5 ms: shorter ones click.
const SHORTEST_FADE: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::made_up::{largest_jump, voiced};

    /// How often the sound rises through zero after its overtones are smoothed away.
    fn rises(sound: &[f32]) -> usize {
        let smooth: Vec<f32> = sound.windows(24).map(|w| w.iter().sum()).collect();
        smooth.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count()
    }

    #[test]
    fn a_shortened_voice_keeps_its_pitch_and_its_ends_and_does_not_click() {
        for hertz in [70.0, 92.0, 118.0, 186.0, 240.0] {
            let voice: Vec<f32> = (0..16_000).map(|n| voiced(hertz, n)).collect();
            let mut sound: Vec<f32> = Vec::new();
            for frame in voice.chunks(160) {
                let mut frame = frame.to_vec();
                let (first, last) = (frame[0], frame[159]);
                let removed = shorten(&mut frame, 40, 120);
                assert!((40..=120).contains(&removed), "{hertz} Hz: {removed}");
                frame.truncate(160 - removed);
                assert!((frame[0] - first).abs() < 400.0);
                assert!((frame[frame.len() - 1] - last).abs() < 400.0);
                sound.extend(frame);
            }
            assert!(largest_jump(&sound) < largest_jump(&voice) * 1.3, "{hertz} Hz");
            let (was, is) = (rises(&voice) as f32 / 16_000.0, rises(&sound) as f32 / sound.len() as f32);
            assert!((is / was - 1.0).abs() < 0.12, "{hertz} Hz: {was} became {is}");
        }
    }

    #[test]
    fn a_lengthened_voice_keeps_its_pitch_and_does_not_click() {
        for hertz in [70.0, 92.0, 118.0, 186.0, 240.0] {
            let voice: Vec<f32> = (0..16_000).map(|n| voiced(hertz, n)).collect();
            let mut sound: Vec<f32> = Vec::new();
            for frame in voice.chunks(160) {
                let mut room = [0.0; 280];
                room[..160].copy_from_slice(frame);
                let added = lengthen(&mut room, 160, 40, 120);
                assert!((40..=120).contains(&added), "{hertz} Hz: {added}");
                sound.extend(&room[..160 + added]);
            }
            assert!(largest_jump(&sound) < largest_jump(&voice) * 1.3, "{hertz} Hz");
            let (was, is) = (rises(&voice) as f32 / 16_000.0, rises(&sound) as f32 / sound.len() as f32);
            assert!((is / was - 1.0).abs() < 0.12, "{hertz} Hz: {was} became {is}");
        }
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        assert_eq!(shorten(&mut [], 40, 120), 0);
        assert_eq!(shorten(&mut [1.0; 60], 40, 120), 0);
        assert_eq!(lengthen(&mut [1.0; 160], 160, 40, 120), 0);
        assert!(shorten(&mut [1.0; 100], 40, 120) <= 60);
    }
}
