//! What the machine gives this process: memory and open files. Read from where the kernel says it; where it says
//! nothing, nothing is known.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The machine, as the files of its kernel describe it.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self { root: PathBuf::from("/") }
    }
}

impl Machine {
    /// How much memory this process has resident, in bytes.
    pub fn resident(&self) -> Option<u64> {
        kibibytes(&self.read("proc/self/status")?, "VmRSS:")
    }

    /// How much memory there is for it, in bytes: what the machine has, or what its group may have where that is less.
    pub fn memory(&self) -> Option<u64> {
        let machine = self.read("proc/meminfo").and_then(|text| kibibytes(&text, "MemTotal:"));
        let groups = self.read("proc/self/cgroup").unwrap_or_default();
        let of_groups = groups.lines().filter_map(|line| self.memory_of_group(line));
        machine.into_iter().chain(of_groups).min()
    }

    /// The least that the group of this line, or one around it, may have.
    fn memory_of_group(&self, line: &str) -> Option<u64> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        let (tree, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            named if named.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _other_controllers => return None,
        };
        let group = Path::new(group.trim_start_matches('/'));
        let limits = group.ancestors().filter_map(|group| {
            let path = Path::new(tree).join(group).join(file);
            self.read(path)?.trim().parse::<u64>().ok()
        });
        limits.min()
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }
}

/// The number after this name, which the kernel gives in KiB.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

/// How many files this process may have open at most: what `raise_open_files` reaches.
pub fn open_files_at_most() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// How many files this process may have open as it is.
pub fn open_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Lets this process have as many open files as it may have at all; says how many.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current.unwrap_or(u64::MAX);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            limit.current.unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A machine of files that a test writes.
    pub(crate) struct Paper {
        pub(crate) machine: Machine,
    }

    impl Paper {
        pub(crate) fn new(files: &[(&str, &str)]) -> Self {
            let root =
                std::env::temp_dir().join(format!("baton-machine-{:032x}", crate::live::chance::bits()));
            let paper = Self { machine: Machine { root } };
            for (path, text) in files {
                paper.write(path, text);
            }
            paper
        }

        pub(crate) fn write(&self, path: &str, text: &str) {
            let path = self.machine.root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    impl Drop for Paper {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.machine.root);
        }
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:  1 kB\n");

    #[test]
    fn what_is_resident_is_read_and_a_machine_without_such_files_says_nothing() {
        let paper = Paper::new(&[("proc/self/status", "Name:\tbaton\nVmRSS:\t    2048 kB\nThreads:\t3\n")]);
        assert_eq!(paper.machine.resident(), Some(2048 * 1024));
        assert_eq!((paper.machine.memory(), Paper::new(&[]).machine.resident()), (None, None));
    }

    #[test]
    fn the_narrowest_group_around_the_process_counts() {
        let paper = Paper::new(&[MEMINFO]);
        assert_eq!(paper.machine.memory(), Some(8_000_000 * 1024));
        paper.write("proc/self/cgroup", "0::/pod/baton\n");
        paper.write("sys/fs/cgroup/pod/baton/memory.max", "max\n");
        assert_eq!(paper.machine.memory(), Some(8_000_000 * 1024), "no limit of its own");
        paper.write("sys/fs/cgroup/pod/memory.max", "536870912\n");
        assert_eq!(paper.machine.memory(), Some(512 << 20), "the one around it");
    }

    #[test]
    fn groups_of_the_first_version_count_as_well() {
        let paper = Paper::new(&[MEMINFO, ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/y\n")]);
        paper.write("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "268435456\n");
        assert_eq!(paper.machine.memory(), Some(256 << 20));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_says_how_it_is_and_gives_all_the_files_that_it_may() {
        let machine = Machine::default();
        let (resident, memory) = (machine.resident().unwrap(), machine.memory().unwrap());
        assert!(resident > 1 << 20 && resident < memory, "{resident} of {memory}");
        assert_eq!(raise_open_files(), open_files_at_most());
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
    }
}
