//! Reads the settings: defaults, then the file, then the environment, then the command line. Nobody's typing error
//! passes for a setting: unknown keys are refused, and the nearest known one is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::config::{Config, Rep};
use crate::escalation::Policy;

/// Settings, and where those that are not the default came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Where a key was set, by its full name.
    pub sources: BTreeMap<String, String>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{source_name}: {message}")]
    NotToml {
        /// Where.
        source_name: String,
        /// Why.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{source_name}: there is no key {key}{}", nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    UnknownKey {
        /// Where.
        source_name: String,
        /// Which.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong kind.
    #[error("{source_name}: {message}")]
    WrongValue {
        /// Where.
        source_name: String,
        /// What is wrong with it; never the value itself, which may be a secret.
        message: String,
    },
}

/// Loads the settings. Without a file named, `baton.toml` is read where it exists.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    command_line: &[(&str, String)],
) -> Result<Loaded, ConfigError> {
    let mut layers = Vec::new();
    let mut sources = BTreeMap::new();
    let default_file = Path::new("baton.toml");
    if let Some(file) = file.or_else(|| default_file.exists().then_some(default_file)) {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        let name = file.display().to_string();
        let table: Table = text.parse().map_err(|e: toml::de::Error| ConfigError::NotToml {
            source_name: name.clone(),
            message: described(&e, &text),
        })?;
        layers.push(Layer::of(&mut sources, table, name, text)?);
    }
    for (variable, value) in environment {
        let Some(path) = variable.strip_prefix("BATON_").filter(|rest| rest.contains("__")) else { continue };
        let path = path.to_ascii_lowercase().replace("__", ".");
        let name = format!("{variable} in the environment");
        layers.push(Layer::of(&mut sources, one(&path, &value, &name)?, name, String::new())?);
    }
    for (path, value) in command_line {
        let name = flag(path);
        layers.push(Layer::of(&mut sources, one(path, value, &name)?, name, String::new())?);
    }
    match merged(&layers) {
        Ok(config) => Ok(Loaded { config, sources }),
        Err(message) => Err(blamed(&layers, message)),
    }
}

/// One source of settings.
struct Layer {
    name: String,
    table: Table,
    /// What it was read from; empty where that was no file.
    text: String,
}

impl Layer {
    /// A source whose keys are known and of the right kind.
    fn of(
        sources: &mut BTreeMap<String, String>,
        table: Table,
        name: String,
        text: String,
    ) -> Result<Self, ConfigError> {
        check_keys(&table, &reference(), "", &name)?;
        for key in flat(&table, "").into_keys() {
            sources.insert(key, name.clone());
        }
        Ok(Self { name, table, text })
    }
}

/// The settings of these sources, the later over the earlier; else what is wrong with them.
fn merged(layers: &[Layer]) -> Result<Config, String> {
    let mut settings = Table::new();
    for layer in layers {
        merge(&mut settings, layer.table.clone());
    }
    let config = Config::deserialize_from(settings)?;
    config.escalation.fault().map_or(Ok(config), Err)
}

/// The error, with the source that brought it in: the first with which it is there, and in a file the line.
fn blamed(layers: &[Layer], message: String) -> ConfigError {
    let failing = |many: &usize| merged(&layers[..*many]).is_err();
    let Some(layer) = (1..=layers.len()).find(failing).and_then(|many| layers.get(many - 1)) else {
        return ConfigError::WrongValue { source_name: "the settings".to_owned(), message };
    };
    let line = toml::from_str::<Config>(&layer.text).err().and_then(|error| line_of(&error, &layer.text));
    let at = line.map(|line| format!(", line {line}")).unwrap_or_default();
    ConfigError::WrongValue { source_name: format!("{}{at}", layer.name), message }
}

/// The flag that sets this key.
fn flag(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    format!("--{last} on the command line")
}

impl Config {
    fn deserialize_from(settings: Table) -> Result<Self, String> {
        let wrong = |error: toml::de::Error| error.message().to_owned() + &in_key(&error);
        Value::Table(settings).try_into().map_err(wrong)
    }
}

/// Where the error is, as far as the parser says: the key, not the line, since several sources were merged.
fn in_key(error: &toml::de::Error) -> String {
    let text = error.to_string();
    text.lines().find(|line| line.starts_with("in `")).map(|line| format!(", {line}")).unwrap_or_default()
}

fn described(error: &toml::de::Error, text: &str) -> String {
    match line_of(error, text) {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

fn line_of(error: &toml::de::Error, text: &str) -> Option<usize> {
    error.span().map(|span| text.get(..span.start).unwrap_or(text).lines().count().max(1))
}

/// One key from the environment or the command line, read as the kind of value that the key takes.
fn one(path: &str, value: &str, name: &str) -> Result<Table, ConfigError> {
    let known = flat(&reference(), "");
    let read = match known.get(path) {
        Some(Value::String(_)) | None => Value::String(value.to_owned()),
        Some(_other) => {
            let document = format!("value = {value}");
            let mut table: Table = document.parse().map_err(|_| ConfigError::WrongValue {
                source_name: name.to_owned(),
                message: "the value is written as in the file, for example 500, true or [\"a\", \"b\"]"
                    .to_owned(),
            })?;
            table.remove("value").unwrap_or(Value::Boolean(false))
        }
    };
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys.pop().unwrap_or_default();
    let mut table = Table::from_iter([(last.to_owned(), read)]);
    for key in keys.into_iter().rev() {
        table = Table::from_iter([(key.to_owned(), Value::Table(table))]);
    }
    Ok(table)
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn check_keys(table: &Table, reference: &Table, prefix: &str, name: &str) -> Result<(), ConfigError> {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let own = TRIGGERS.contains(&prefix).then(|| own_trigger(value, reference)).flatten();
        let Some(known) = own.or_else(|| reference.get(key)) else {
            let all = every_name(&self::reference(), "");
            return Err(ConfigError::UnknownKey {
                source_name: name.to_owned(),
                nearest: nearest(&path, all),
                key: path,
            });
        };
        match (known, value) {
            // Tables whose keys are the operator's own.
            (Value::Table(_), _) if FREE_TABLES.contains(&path.as_str()) => {}
            (Value::Table(known), Value::Table(given)) => check_keys(given, known, &path, name)?,
            (Value::Array(known), Value::Array(given)) => {
                let Some(Value::Table(known)) = known.first() else { continue };
                for given in given.iter().filter_map(Value::as_table) {
                    check_keys(given, known, &path, name)?;
                }
            }
            (known, given) if known.type_str() != given.type_str() => {
                return Err(ConfigError::WrongValue {
                    source_name: name.to_owned(),
                    message: format!("{path} takes a {}, not a {}", known.type_str(), given.type_str()),
                });
            }
            _same_kind => {}
        }
    }
    Ok(())
}

/// What a trigger of the operator's own is checked against: any of ours. It is one of their own where it names its reason.
fn own_trigger<'a>(given: &Value, known: &'a Table) -> Option<&'a Value> {
    given.get("reason").and(known.values().next())
}

/// Every key there is, with a value of its kind.
pub(crate) fn reference() -> Table {
    let reps = vec![Rep { name: "sam".into(), phone: "+1".into() }];
    let example = Config { reps, escalation: Policy::with_every_key(), ..Config::default() };
    Table::try_from(example).expect("the defaults are plain values")
}

/// The keys of a table with their full names; lists count as one value.
pub(crate) fn flat(table: &Table, prefix: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) if !FREE_TABLES.contains(&path.as_str()) => all.extend(flat(inner, &path)),
            value => {
                all.insert(path, value.clone());
            }
        }
    }
    all
}

/// The full names of keys and of tables.
fn every_name(table: &Table, prefix: &str) -> Vec<String> {
    let mut all: Vec<String> = flat(table, prefix).into_keys().collect();
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if let Value::Table(inner) = value {
            all.extend(every_name(inner, &path));
        }
        all.push(path);
    }
    all
}

fn nearest(key: &str, known: Vec<String>) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let best = known
        .into_iter()
        .min_by_key(|candidate| distance(key, candidate).min(distance(&last(key), &last(candidate)) + 1))?;
    let near = distance(key, &best).min(distance(&last(key), &last(&best)) + 1);
    (near <= 1 + key.len() / 3).then_some(best)
}

/// How many letters must be changed, added or dropped to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b) in other.iter().enumerate() {
            let cost = (diagonal + usize::from(a != b)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[other.len()]
}

/// Tables whose keys are the operator's own.
pub(crate) const FREE_TABLES: [&str; 3] =
    ["carrier.twilio.shared_keys", "assistant.parameters", "escalation.words"];
/// Tables to which the operator may add triggers of their own.
const TRIGGERS: [&str; 3] =
    ["escalation.triggers", "escalation.inbound.triggers", "escalation.outbound.triggers"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Span;

    fn from(
        text: &str,
        environment: &[(&str, &str)],
        line: &[(&str, String)],
    ) -> Result<Loaded, ConfigError> {
        let folder = std::env::temp_dir().join(format!("baton-config-{:032x}", crate::live::chance::bits()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("baton.toml");
        std::fs::write(&file, text).unwrap();
        let environment = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let loaded = load(Some(&file), environment, line);
        std::fs::remove_dir_all(&folder).unwrap();
        loaded
    }

    #[test]
    fn the_reference_names_every_key_with_its_default() {
        let text = include_str!("../../deploy/baton.toml");
        let table: Table = text.parse().unwrap();
        let config = Config::deserialize_from(table.clone()).unwrap();
        assert_eq!(config, Config::default());
        let mut expected = flat(&Table::try_from(Config::default()).unwrap(), "");
        expected.remove("reps");
        assert_eq!(flat(&table, ""), expected, "deploy/baton.toml must name every key with its default");
        for line in text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
            assert!(line.contains(" # "), "each key of the reference has a comment: {line}");
        }
    }

    #[test]
    fn the_environment_stands_over_the_file_and_the_command_line_over_both() {
        let file = "[handoff]\nring = \"7s\"\naccept = \"3s\"\n[server]\ncalls = 3\n";
        let environment = [
            ("BATON_HANDOFF__RING", "9s"),
            ("BATON_SERVER__CALLS", "7"),
            ("BATON_CORPUS", "x"),
            ("HOME", "y"),
        ];
        let loaded = from(file, &environment, &[("store.data", "elsewhere".to_owned())]).unwrap();
        assert_eq!(loaded.config.handoff.ring, Span::secs(9));
        assert_eq!(loaded.config.handoff.accept, Span::secs(3));
        assert_eq!((loaded.config.server.calls, loaded.config.store.data.as_str()), (7, "elsewhere"));
        assert!(loaded.sources["handoff.ring"].contains("BATON_HANDOFF__RING"));
        let reps = [("BATON_REPS__X", "1")];
        assert!(from("", &reps, &[]).is_err());
    }

    #[test]
    fn a_typing_error_is_named_with_the_key_that_was_meant() {
        let said = |text: &str| from(text, &[], &[]).unwrap_err().to_string();
        assert!(said("[handoff]\nrings = \"7s\"\n").contains("did you mean handoff.ring?"));
        assert!(said("[handof]\nring = \"7s\"\n").contains("no key handof; did you mean handoff?"));
        assert!(said("[[reps]]\nname = \"sam\"\nfone = \"+1\"\n").contains("reps.fone"));
        assert!(said("[server]\ncalls = \"many\"\n").contains("server.calls takes a integer, not a string"));
        assert!(said("[handoff]\nring = \"soon\"\n").contains("a span of time is written like"));
        assert!(said("[handoff\n").contains("line 1"));
        let unknown = from("", &[("BATON_HANDOFF__RNG", "1s")], &[]).unwrap_err().to_string();
        assert!(unknown.contains("handoff.rng") && unknown.contains("handoff.ring"), "{unknown}");
    }

    #[test]
    fn a_value_that_cannot_be_is_named_with_where_it_came_from() {
        let file = "[handoff]\naccept = \"3s\"\nring = \"soon\"\n";
        let said = from(file, &[], &[]).unwrap_err().to_string();
        assert!(said.contains("baton.toml, line 3: ") && said.contains("`handoff.ring`"), "{said}");
        let said = |name: &str, value: &str| from("", &[(name, value)], &[]).unwrap_err().to_string();
        let ring = said("BATON_HANDOFF__RING", "soon");
        assert!(ring.starts_with("BATON_HANDOFF__RING in the environment: "), "{ring}");
        // So is what is wrong only as a whole.
        let off = said("BATON_ESCALATION__WORDS_AT_LEAST", "900");
        assert!(off.starts_with("BATON_ESCALATION__WORDS_AT_LEAST in the environment: "), "{off}");
        let line = from("", &[], &[("server.listen", "nowhere".to_owned())]).unwrap_err().to_string();
        assert!(line.starts_with("--listen on the command line: "), "{line}");
        // What a later source puts right was never wrong.
        assert!(from(file, &[("BATON_HANDOFF__RING", "9s")], &[]).is_ok());
    }

    #[test]
    fn one_line_changes_one_threshold_and_nothing_else() {
        let default = Config::default().escalation;
        let changed = |text: &str| from(text, &[], &[]).unwrap().config.escalation;
        let mut expected = default.clone();
        expected.triggers.get_mut("frustration").unwrap().threshold = 90;
        assert_eq!(changed("[escalation.triggers.frustration]\nthreshold = 90\n"), expected);
        let by_hand = [("BATON_ESCALATION__TRIGGERS__FRUSTRATION__THRESHOLD", "90")];
        assert_eq!(from("", &by_hand, &[]).unwrap().config.escalation, expected);
        let mut expected = default.clone();
        expected.triggers.get_mut("loop").unwrap().weights.insert(crate::conversation::SignalKind::Deep, 7);
        assert_eq!(changed("[escalation.triggers.loop.weights]\ndeep = 7\n"), expected);
        let outbound = changed("[escalation.outbound]\ncool_down = \"5s\"\n").outbound;
        assert_eq!(outbound.cool_down, Some(Span::secs(5)));
        assert_eq!(outbound.after_refusal, default.outbound.after_refusal);
    }

    #[test]
    fn a_trigger_of_the_operators_own_names_its_reason_and_weights() {
        let own = "[escalation.triggers.too-quiet]\nreason = \"hesitation\"\nthreshold = 40\nweights = { vague = 30 }\n";
        let loaded = from(own, &[], &[]).unwrap().config.escalation;
        assert_eq!(loaded.triggers["too-quiet"].threshold, 40);
        assert_eq!(loaded.triggers.len(), Config::default().escalation.triggers.len() + 1);
    }

    #[test]
    fn wrong_names_in_deciding_are_named_with_what_was_meant() {
        let said = |text: &str| from(text, &[], &[]).unwrap_err().to_string();
        let trigger = said("[escalation.triggers.frustraton]\nthreshold = 90\n");
        assert!(trigger.contains("did you mean escalation.triggers.frustration?"), "{trigger}");
        let key = said("[escalation.triggers.loop]\ntreshold = 90\n");
        assert!(key.contains("did you mean escalation.triggers.loop.threshold?"), "{key}");
        let kind = said("[escalation.triggers.loop.weights]\nasked-agian = 9\n");
        assert!(kind.contains("asked-again?"), "{kind}");
        let reason = said("[escalation.words.en]\nfrustraton = \"x\"\n");
        assert!(reason.contains("frustration"), "{reason}");
        assert!(said("[escalation.triggers.loop]\nthreshold = 0\n").contains("threshold is from 1 to 1000"));
        assert!(
            said("[escalation.outbound.triggers.loop]\nrearm = 400\n")
                .contains("rearm is at most the threshold")
        );
        assert!(said("[escalation]\nafter_refusal = 50\n").contains("at least 100"));
        assert!(said("[escalation.triggers.mine]\nreason = \"loop\"\n").contains("names its weights"));
    }

    #[test]
    fn a_secret_never_shows_in_an_error() {
        let error = from("[carrier.twilio]\nauth_token = [\"hush-hush\"]\n", &[], &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}
