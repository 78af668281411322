//! Finding and building what is run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the repository")
}

/// A file of this folder.
pub(crate) fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e").join(name)
}

/// The program, as `PARTYLINE_BIN` names it, or built once from this checkout into the folder that this test was built into.
pub(crate) fn partyline() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match env::var_os("PARTYLINE_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// The folder that everything is built into.
pub(crate) fn build_folder() -> PathBuf {
    let profile = profile();
    profile.parent().expect("a target folder").to_owned()
}

/// The folder that this test was built into.
fn profile() -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    // target/PROFILE/deps/e2e-…
    let profile = test.parent().and_then(Path::parent);
    profile.expect("tests are in target/PROFILE/deps").to_owned()
}

fn build() -> PathBuf {
    let profile = profile();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "bridge",
        "--bin",
        "partyline",
    ]);
    cargo.arg("--target-dir").arg(build_folder());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(root()).status().expect("cargo runs");
    assert!(status.success(), "the program does not build");
    profile.join("partyline")
}

/// What a program that must succeed prints; panics with all that it told otherwise.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "told {told}\nand {complaint}");
    told.into_owned()
}

/// The path of a tool that `./test` installs.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: run ./test, which installs it"))
}
