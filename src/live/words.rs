//! Where the words of calls come from, and whom calls ask what they find in them.

use std::sync::Arc;

use crate::conversation::Source;
use crate::live::hints::Hinting;
use crate::ports::Transcriber;

/// Where the words of calls come from.
#[derive(Clone, Default)]
pub struct Words {
    /// Which source is believed before which.
    pub prefer: Vec<Source>,
    /// Who makes words of what is heard.
    pub transcribers: Vec<Arc<dyn Transcriber>>,
    /// Whom calls ask what they find in the words; none: nobody.
    pub hinting: Option<Arc<Hinting>>,
}
