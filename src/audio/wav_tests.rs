//! WAV files of every kind, made in code: what they hold is read, or what is wrong with them is said.

use super::made::MadeWav;
use super::*;

fn read(bytes: &[u8]) -> Result<(Header, Vec<f32>), WavError> {
    let mut rest = bytes;
    let header = Header::read(&mut rest)?;
    let size = header.bytes.map_or(rest.len(), |size| size as usize);
    let sound =
        rest[..size].chunks_exact(header.coding.bytes()).map(|bytes| header.coding.sample(bytes)).collect();
    Ok((header, sound))
}

#[test]
fn every_coding_says_the_same_of_the_same_sound() {
    let wanted = [0_i16, 256, -256, 16_128, -16_128, 32_256, -32_768];
    let ints = |bytes: usize| -> Vec<u8> {
        wanted.iter().flat_map(|&s| (i32::from(s) << 16).to_le_bytes()[4 - bytes..].to_vec()).collect()
    };
    let scaled = wanted.map(|s| f64::from(s) / 32_768.0);
    let files = [
        (1, 8, wanted.iter().map(|&s| ((s >> 8) + 128) as u8).collect()),
        (1, 16, ints(2)),
        (1, 24, ints(3)),
        (1, 32, ints(4)),
        (3, 32, scaled.iter().flat_map(|&s| (s as f32).to_le_bytes()).collect()),
        (3, 64, scaled.iter().flat_map(|s| s.to_le_bytes()).collect()),
    ];
    for (tag, bits, sound) in files {
        for extensible in [false, true] {
            let file = MadeWav {
                extensible,
                extra: extensible,
                ..MadeWav::coded(tag, bits, 8_000, 1, Vec::clone(&sound))
            };
            let (header, heard) = read(&file.bytes()).unwrap();
            assert_eq!((header.channels, header.rate, header.bytes), (1, 8_000, Some(sound.len() as u64)));
            assert_eq!(heard, wanted.map(f32::from), "{} extensible: {extensible}", header.coding);
        }
    }
}

#[test]
fn files_of_ulaw_and_alaw_are_read_as_g711_has_them() {
    let all: Vec<u8> = (0..=255).collect();
    let (header, heard) = read(&MadeWav::coded(7, 8, 8_000, 1, all.clone()).bytes()).unwrap();
    assert_eq!(header.coding, Coding::Ulaw);
    assert_eq!(heard, g711::DECODED.map(f32::from));
    let (header, heard) = read(&MadeWav::coded(6, 8, 8_000, 1, all).bytes()).unwrap();
    assert_eq!(header.coding, Coding::Alaw);
    assert_eq!(heard, g711::DECODED_ALAW.map(f32::from));
}

#[test]
fn a_size_that_was_never_filled_in_means_to_the_end() {
    for claimed in [0, u32::MAX] {
        let file = MadeWav { claimed: Some(claimed), ..MadeWav::pcm16(8_000, 1, &[5; 100]) };
        let (header, heard) = read(&file.bytes()).unwrap();
        assert_eq!((header.bytes, heard.len()), (None, 100));
    }
}

#[test]
fn every_file_that_is_cut_off_in_its_header_says_so() {
    let file = MadeWav { extra: true, ..MadeWav::pcm16(8_000, 2, &[]) }.bytes();
    for length in 0..file.len() {
        let error = read(&file[..length]).unwrap_err();
        let expected = if length < 4 {
            matches!(error, WavError::NotWav)
        } else {
            matches!(error, WavError::CutOff | WavError::Without("a chunk of sound"))
        };
        assert!(expected, "{length} bytes: {error}");
    }
    assert!(read(&file).is_ok());
}

#[test]
fn what_cannot_be_read_is_named() {
    let said = |file: MadeWav| read(&file.bytes()).unwrap_err().to_string();
    assert!(said(MadeWav::coded(0x11, 8, 8_000, 1, vec![])).contains("IMA ADPCM"));
    assert!(said(MadeWav::coded(0x55, 16, 8_000, 1, vec![])).contains("MP3"));
    assert!(said(MadeWav::coded(0x77, 16, 8_000, 1, vec![])).contains("0x0077"));
    assert!(said(MadeWav::coded(1, 48, 8_000, 1, vec![])).contains("48-bit"));
    assert!(said(MadeWav::pcm16(8_000, 0, &[])).contains("no channels"));
    assert!(said(MadeWav::pcm16(0, 1, &[])).contains("no samples a second"));
    let mut lies = MadeWav::pcm16(8_000, 2, &[0; 4]).bytes();
    lies[32] = 3;
    assert!(read(&lies).unwrap_err().to_string().contains("take 4 bytes, and it says 3"));
    assert!(matches!(read(b"ID3\x04 and so on and on"), Err(WavError::NotWav)));
}

#[test]
fn floats_that_are_no_numbers_are_silence() {
    let floats = [f32::NAN, f32::INFINITY, -1e30, 0.5];
    let sound = floats.iter().flat_map(|s| s.to_le_bytes()).collect();
    let (_, heard) = read(&MadeWav::coded(3, 32, 8_000, 1, sound).bytes()).unwrap();
    assert_eq!(heard, [0.0, 0.0, -LOUDEST, 16_384.0]);
}

proptest::proptest! {
    #[test]
    fn no_damage_to_a_file_makes_it_panic(
        damage in proptest::collection::vec((0_usize..120, proptest::prelude::any::<u8>()), 0..12),
        length in 0_usize..140,
        extra in proptest::prelude::any::<bool>(),
    ) {
        let mut bytes = MadeWav { extra, extensible: extra, ..MadeWav::pcm16(8_000, 2, &[7; 20]) }.bytes();
        for (at, byte) in damage {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        bytes.truncate(length);
        let mut rest = &bytes[..];
        if let Ok(header) = Header::read(&mut rest) {
            proptest::prop_assert!(header.channels > 0 && header.rate > 0 && header.step() > 0);
            for sample in rest.chunks_exact(header.coding.bytes()) {
                proptest::prop_assert!(header.coding.sample(sample).abs() <= LOUDEST);
            }
        }
    }
}
