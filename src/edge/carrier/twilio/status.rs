//! How a carrier's call is doing, by its status callbacks: they come late, doubled and out of order.

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits or is set up.
    Queued,
    /// The phone rings.
    Ringing,
    /// It was answered.
    InProgress,
    /// It was answered and has ended.
    Completed,
    /// The line was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// It could not be connected.
    Failed,
    /// It was cancelled before it was answered.
    Canceled,
}

impl Status {
    /// The status of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "queued" | "initiated" => Self::Queued,
            "ringing" => Self::Ringing,
            "in-progress" | "answered" => Self::InProgress,
            "completed" => Self::Completed,
            "busy" => Self::Busy,
            "no-answer" => Self::NoAnswer,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            _ => return None,
        })
    }

    /// Whether nothing follows it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled)
    }
}

/// The order of one call's statuses.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusOrder {
    highest: Option<u64>,
    over: bool,
}

impl StatusOrder {
    /// Whether this status is news: not a double, not older than what is known, and not after the end.
    pub fn is_news(&mut self, sequence: Option<u64>, status: Status) -> bool {
        if self.over {
            return false;
        }
        if let (Some(sequence), Some(highest)) = (sequence, self.highest)
            && sequence <= highest
            && !status.is_final()
        {
            return false;
        }
        self.highest = self.highest.max(sequence);
        self.over = status.is_final();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_doubled_and_disordered_statuses_are_no_news() {
        let mut order = StatusOrder::default();
        assert!(order.is_news(Some(1), Status::Ringing));
        assert!(!order.is_news(Some(1), Status::Ringing));
        assert!(!order.is_news(Some(0), Status::Queued));
        assert!(order.is_news(Some(3), Status::Completed));
        assert!(!order.is_news(Some(2), Status::InProgress));
        assert!(!order.is_news(Some(3), Status::Completed));
    }

    #[test]
    fn an_end_counts_whatever_number_it_bears() {
        let mut order = StatusOrder::default();
        assert!(order.is_news(Some(5), Status::InProgress));
        assert!(order.is_news(Some(2), Status::Busy));
        assert!(!order.is_news(None, Status::Ringing), "the end is final");
    }
}
