//! Whether a value has been high for long enough that something may be done about it.

/// Off, until the value has been high for two seconds; then on, until it has been low for two seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acting {
    on: bool,
    against: u8,
}

impl Acting {
    /// A reading more, half a second after the last. Without a value that is to be believed nothing changes.
    pub fn weigh(&mut self, believed: Option<(f32, f32)>) -> bool {
        let Some((value, _)) = believed.filter(|(_, confidence)| *confidence >= LEAST_CONFIDENCE) else {
            self.against = 0;
            return self.on;
        };
        let disagrees = if self.on { value < OFF } else { value >= ON };
        self.against = if disagrees { self.against + 1 } else { 0 };
        if self.against >= READINGS {
            *self = Self { on: !self.on, against: 0 };
        }
        self.on
    }
}

/// High from here on, low only below there: a value that trembles between the two changes nothing.
const ON: f32 = 0.6;
const OFF: f32 = 0.4;

/// Two seconds of readings: as long as half a sentence.
const READINGS: u8 = 4;

/// What is believed less is for people to look at, not to act on: half a second of voice in noise.
const LEAST_CONFIDENCE: f32 = 0.2;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(acting: &mut Acting, readings: usize, value: f32, confidence: f32) -> bool {
        (0..readings).map(|_| acting.weigh(Some((value, confidence)))).last().unwrap()
    }

    #[test]
    fn it_takes_two_seconds_either_way_and_trembling_does_not_count() {
        let mut acting = Acting::default();
        assert!(!after(&mut acting, 3, 0.9, 0.8));
        assert!(!after(&mut acting, 1, 0.5, 0.8), "begins anew");
        assert!(!after(&mut acting, 3, 0.9, 0.8));
        assert!(after(&mut acting, 1, 0.9, 0.8));
        assert!(after(&mut acting, 40, 0.45, 0.8), "between the two");
        assert!(after(&mut acting, 3, 0.1, 0.8));
        assert!(!after(&mut acting, 1, 0.1, 0.8));
    }

    #[test]
    fn what_is_not_believed_changes_nothing() {
        let mut acting = Acting::default();
        assert!(!after(&mut acting, 100, 1.0, 0.05));
        assert!(after(&mut acting, 4, 1.0, 0.5));
        assert!(after(&mut acting, 100, 0.0, 0.05));
        assert!(acting.weigh(None));
    }
}
