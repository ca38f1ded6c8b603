//! Where the words of calls come from, what they mean, and whom calls ask what they find in them.

use std::sync::Arc;

use crate::conversation::{Lexicon, Source};
use crate::live::hints::Hinting;
use crate::ports::Transcriber;

/// Where the words of calls come from, and what they mean.
#[derive(Clone)]
pub struct Words {
    /// Which source is believed before which.
    pub prefer: Vec<Source>,
    /// What they mean.
    pub lexicon: Arc<Lexicon>,
    /// Who makes words of what is heard.
    pub transcribers: Vec<Arc<dyn Transcriber>>,
    /// Whom calls ask what they find in the words; none: nobody.
    pub hinting: Option<Arc<Hinting>>,
}

impl Default for Words {
    fn default() -> Self {
        Self { prefer: Vec::new(), lexicon: Lexicon::shipped(), transcribers: Vec::new(), hinting: None }
    }
}
