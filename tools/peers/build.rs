// SPDX-License-Identifier: GPL-2.0

//! Compiles the C peers whose libraries are installed.
//!
//! For each, either `cfg(have_NAME)` is set and `NAME_VERSION` is the library's version, or
//! `NAME_MISSING` says why it is missing.

/// A library, and the file in `peers/` that needs it.
struct Peer {
    /// Name in cfg and variables.
    name: &'static str,
    /// Name for pkg-config.
    library: &'static str,
    /// Debian's package.
    package: &'static str,
    source: &'static str,
    defines: &'static [(&'static str, &'static str)],
}

const PEERS: [Peer; 4] = [
    Peer {
        name: "ck",
        library: "ck",
        package: "libck-dev",
        source: "peers/ck.c",
        defines: &[],
    },
    urcu("urcu_memb", "liburcu-memb", &[("PEER_MEMB", "1")]),
    urcu("urcu_qsbr", "liburcu-qsbr", &[("PEER_QSBR", "1")]),
    urcu("urcu_bp", "liburcu-bp", &[("PEER_BP", "1")]),
];

/// Returns a flavour of liburcu.
const fn urcu(
    name: &'static str,
    library: &'static str,
    defines: &'static [(&'static str, &'static str)],
) -> Peer {
    Peer {
        name,
        library,
        package: "liburcu-dev",
        source: "peers/urcu.c",
        defines,
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=peers");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_LIBDIR");

    compiler().file("peers/plain.c").compile("peers_plain");

    for peer in &PEERS {
        compile(peer);
    }
}

/// Returns Debian's compiler with its defaults: for an executable, in which a library's data are
/// nearer than in a shared object.
fn compiler() -> cc::Build {
    let mut build = cc::Build::new();
    build
        .opt_level(2)
        .warnings(true)
        .extra_warnings(true)
        .pic(false)
        .flag("-fPIE");
    build
}

fn compile(peer: &Peer) {
    let Peer { name, package, .. } = peer;
    println!("cargo:rustc-check-cfg=cfg(have_{name})");
    let variable = name.to_uppercase();
    // If the library is installed or removed later, the result changes. A file that does not exist
    // makes cargo check each time.
    let dir = pkg_config::get_variable(peer.library, "pcfiledir").unwrap_or("missing".into());
    println!("cargo:rerun-if-changed={dir}/{}.pc", peer.library);

    // The library's flags are printed only if the peer compiles: otherwise they would be left
    // over.
    let found = pkg_config::Config::new()
        .cargo_metadata(false)
        .probe(peer.library);
    let library = match found {
        Ok(library) => library,
        Err(pkg_config::Error::Command { .. }) => {
            println!(
                "cargo:rustc-env={variable}_MISSING=pkg-config does not run (Debian: apt-get \
                 install pkgconf {package})"
            );
            return;
        }
        Err(_) => {
            println!(
                "cargo:rustc-env={variable}_MISSING=pkg-config finds no {} (Debian: apt-get \
                 install {package})",
                peer.library
            );
            return;
        }
    };

    let mut build = compiler();
    build.file(peer.source);
    for (define, value) in peer.defines {
        build.define(define, *value);
    }
    for path in &library.include_paths {
        build.include(path);
    }
    if let Err(error) = build.try_compile(&format!("peers_{name}")) {
        // A variable may not contain a newline.
        let error = error.to_string();
        let error = error.lines().next().unwrap_or("it does not compile");
        println!("cargo:rustc-env={variable}_MISSING={error}");
        return;
    }

    for path in &library.link_paths {
        println!("cargo:rustc-link-search=native={}", path.display());
    }
    for lib in &library.libs {
        println!("cargo:rustc-link-lib={lib}");
    }
    println!("cargo:rustc-cfg=have_{name}");
    println!("cargo:rustc-env={variable}_VERSION={}", library.version);
}
