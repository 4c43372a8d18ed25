// SPDX-License-Identifier: MIT OR Apache-2.0

//! Kernel configuration.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use procfs_core::{ConfigSetting, FromBufRead, KernelConfig};

use super::system::System;

/// Configuration of a kernel.
pub struct Config {
    settings: KernelConfig,
    source: String,
}

impl Config {
    /// Reads the running kernel's configuration from where distributions put it. Returns `None` if
    /// there is none.
    pub fn running(system: &System) -> Option<Self> {
        let release = system.release()?;
        [
            "/proc/config.gz".to_owned(),
            format!("/boot/config-{release}"),
            format!("/lib/modules/{release}/config"),
            format!("/lib/modules/{release}/build/.config"),
        ]
        .iter()
        .find_map(|path| Self::read(system, Path::new(path)))
    }

    /// Reads a file, which may be compressed. Returns `None` if it cannot be read.
    pub fn read(system: &System, path: &Path) -> Option<Self> {
        let mut bytes = system.read_bytes(path).ok()??;
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut text = Vec::new();
            GzDecoder::new(&*bytes).read_to_end(&mut text).ok()?;
            bytes = text;
        }
        let settings = KernelConfig::from_buf_read(&*bytes).ok()?;
        // Another kind of file has that name.
        if settings.0.is_empty() {
            return None;
        }
        Some(Self {
            settings,
            source: path.display().to_string(),
        })
    }

    /// Returns whether an option is enabled, built in or as a module.
    pub fn has(&self, option: &str) -> bool {
        matches!(
            self.settings.0.get(option),
            Some(ConfigSetting::Yes | ConfigSetting::Module)
        )
    }

    /// Returns the text of an option, or `None` if it is empty.
    pub fn text(&self, option: &str) -> Option<&str> {
        match self.settings.0.get(option)? {
            ConfigSetting::Value(text) => {
                let text = text.trim_matches('"');
                (!text.is_empty()).then_some(text)
            }
            _ => None,
        }
    }

    /// Returns the path of the file.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Fix for findings when [`Config::running`] returns `None`.
pub const HOW_TO_FIND: &str = "put the kernel's configuration where it is looked for, \
                               /boot/config-$(uname -r)";

/// Observation when [`Config::running`] returns `None`.
pub const NOT_FOUND: &str = "the kernel's configuration is not readable: neither /proc/config.gz, \
                             nor in /boot or /lib/modules";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::Fake;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const TEXT: &str =
        "# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_D=\"x y\"\nCONFIG_E=\"\"\n";

    fn check(config: &Config, source: &str) {
        assert!(!config.has("CONFIG_A"));
        assert!(config.has("CONFIG_B") && config.has("CONFIG_C"));
        assert!(!config.has("CONFIG_D"));
        assert_eq!(config.text("CONFIG_D"), Some("x y"));
        assert_eq!(config.text("CONFIG_E"), None);
        assert_eq!(config.text("CONFIG_B"), None);
        assert_eq!(config.source(), source);
    }

    #[test]
    fn configuration_is_found_where_distributions_leave_it() {
        for path in [
            "/boot/config-7.3",
            "/lib/modules/7.3/config",
            "/lib/modules/7.3/build/.config",
        ] {
            let fake = Fake::new().file(path, TEXT);
            check(&Config::running(&fake.system()).unwrap(), path);
        }
    }

    #[test]
    fn the_running_kernels_own_comes_first() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(TEXT.as_bytes()).unwrap();
        let fake = Fake::new()
            .file("/proc/config.gz", gz.finish().unwrap())
            .file("/boot/config-7.3", "CONFIG_A=y\n");
        check(&Config::running(&fake.system()).unwrap(), "/proc/config.gz");
    }

    #[test]
    fn files_that_are_no_configuration_are_skipped() {
        assert!(Config::running(&Fake::new().system()).is_none());
        let fake = Fake::new()
            .file("/proc/config.gz", "not compressed")
            .file("/boot/config-7.3", "nothing\n")
            .file("/lib/modules/7.3/config", TEXT);
        check(
            &Config::running(&fake.system()).unwrap(),
            "/lib/modules/7.3/config",
        );
    }
}
