//! The forms that the carrier posts: what its webhooks say.

/// A form as it came, names and values decoded.
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// The form in this body, or in this query.
    pub fn read(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The value of this name, where there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}
