// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plots as PNG, for where SVG cannot be used, drawn by librsvg's rsvg-convert.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const PROGRAM: &str = "rsvg-convert";

/// Pixels for each of the plot's own, so that it is sharp on high-resolution screens.
const SCALE: &str = "2";

/// Renders one of our plots as PNG, twice as wide and as high as the SVG.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    convert(OsStr::new(PROGRAM), svg)
}

/// Returns an error if there is no program that renders, before anything is measured.
pub fn check_png() -> Result<()> {
    let version = Command::new(PROGRAM).arg("--version").output();
    version.map(|_| ()).with_context(missing)
}

fn missing() -> String {
    format!(
        "--png needs {PROGRAM}, which cannot be run: install it (Debian: 'apt-get install \
         librsvg2-bin'), or take --svg"
    )
}

fn convert(program: &OsStr, svg: &str) -> Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(["--format", "png", "--zoom", SCALE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(missing)?;
    // It reads everything before it writes.
    let mut stdin = child
        .stdin
        .take()
        .context("a pipe is missing: this is a bug")?;
    let written = match stdin.write_all(svg.as_bytes()) {
        // It has ended, and says why.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    };
    drop(stdin);
    let output = child.wait_with_output()?;
    written?;
    if !output.status.success() {
        bail!(
            "{PROGRAM} cannot draw the plot: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::svg::comparison;
    use epoch_results::examples::published;

    #[test]
    fn without_the_program_it_says_what_to_install() {
        let svg = comparison(&published()).unwrap();
        let error = convert(OsStr::new("/nonexistent/program"), &svg).unwrap_err();
        assert!(error.to_string().contains("librsvg2-bin"), "{error}");
    }

    #[test]
    fn errors_of_the_program_are_told() {
        let error = convert(OsStr::new("false"), "<svg/>").unwrap_err();
        assert!(error.to_string().contains("cannot draw"), "{error}");
    }

    /// Width, height and an end of the file, where the program is installed, as in the build root.
    #[test]
    fn a_comparison_can_be_drawn() {
        let svg = comparison(&published()).unwrap();
        if let Err(error) = check_png() {
            let _ = writeln!(std::io::stderr(), "skipped: {error}");
            return;
        }
        let drawn = png(&svg).unwrap();
        assert!(drawn.starts_with(b"\x89PNG") && drawn.ends_with(b"IEND\xaeB`\x82"));
        let number = |at: usize| u32::from_be_bytes(drawn[at..at + 4].try_into().unwrap());
        assert!(number(16) > 1000 && number(20) > 500);
        assert!(png("<svg").is_err());
    }
}
