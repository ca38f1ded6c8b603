//! WAV files for tests, made byte by byte: also those that no library would write.

/// A WAV file: the parts of its header, and its bytes of sound.
#[derive(Clone)]
pub(crate) struct MadeWav {
    pub(crate) tag: u16,
    pub(crate) channels: u16,
    pub(crate) rate: u32,
    pub(crate) bits: u16,
    pub(crate) extensible: bool,
    /// The size that the chunk of sound claims; none: the right one.
    pub(crate) claimed: Option<u32>,
    /// Chunks before the format, and between it and the sound.
    pub(crate) extra: bool,
    pub(crate) sound: Vec<u8>,
}

impl MadeWav {
    /// 16-bit PCM.
    pub(crate) fn pcm16(rate: u32, channels: u16, samples: &[i16]) -> Self {
        let sound = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        Self { tag: 1, channels, rate, bits: 16, extensible: false, claimed: None, extra: false, sound }
    }

    /// Any coding, by its tag and bits.
    pub(crate) fn coded(tag: u16, bits: u16, rate: u32, channels: u16, sound: Vec<u8>) -> Self {
        Self { tag, channels, rate, bits, extensible: false, claimed: None, extra: false, sound }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let step = self.channels * (self.bits / 8);
        let mut format = Vec::new();
        format.extend(if self.extensible { 0xfffe_u16 } else { self.tag }.to_le_bytes());
        format.extend(self.channels.to_le_bytes());
        format.extend(self.rate.to_le_bytes());
        format.extend((self.rate * u32::from(step)).to_le_bytes());
        format.extend(step.to_le_bytes());
        format.extend(self.bits.to_le_bytes());
        if self.extensible {
            format.extend([22, 0, self.bits as u8, 0, 3, 0, 0, 0]);
            format.extend(self.tag.to_le_bytes());
            format.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
        }
        let chunk = |name: &[u8; 4], size: u32, content: &[u8]| {
            let mut bytes = name.to_vec();
            bytes.extend(size.to_le_bytes());
            bytes.extend(content);
            if content.len() % 2 == 1 && name != b"data" {
                bytes.push(0);
            }
            bytes
        };
        let mut body = b"WAVE".to_vec();
        if self.extra {
            body.extend(chunk(b"JUNK", 7, b"padding"));
        }
        body.extend(chunk(b"fmt ", format.len() as u32, &format));
        if self.extra {
            body.extend(chunk(b"LIST", 26, b"INFOISFT\x0e\0\0\0Lavf60.16.100\0"));
        }
        body.extend(chunk(b"data", self.claimed.unwrap_or(self.sound.len() as u32), &self.sound));
        chunk(b"RIFF", body.len() as u32, &body)
    }
}
