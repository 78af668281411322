//! Checks of the source itself: who imports whom, how long things are, what a tick may not do, whether generated pages are fresh.

use std::fs;
use std::path::{Path, PathBuf};

/// The dependency diagram of crates/README.md. A crate may import the crates to its right and nothing else of ours.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sip", &[]),
    ("media", &[]),
    ("mixer", &["media"]),
    ("udp", &["media"]),
    ("ivr", &["model"]),
    ("meeting", &["model"]),
    ("store", &["model"]),
    ("api", &["model"]),
    ("sim", &["media", "udp"]),
    (
        "bridge",
        &[
            "model", "sip", "media", "mixer", "udp", "ivr", "meeting", "store", "api", "sim",
        ],
    ),
];

/// Crates that a tick of audio runs through.
const IN_THE_TICK: &[&str] = &["mixer", "media", "udp"];

/// What they may not name: locks, logs, files and waiting.
const NOT_IN_THE_TICK: &[&str] = &[
    "Mutex",
    "RwLock",
    "Condvar",
    "println!",
    "print!",
    "dbg!",
    "tracing",
    "log::",
    "std::fs",
    "thread::sleep",
];

/// What simulated callers use of `media`: its codecs, so that whatever else the bridge does with a packet is not judged by itself.
const OF_MEDIA_IN_SIM: &[&str] = &["Codec", "Decoder", "Rate", "codec"];

const LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// What stands at the top of the repository; nothing else does, but for files that begin with a dot.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "OPERATING.md",
    "LICENSE",
    "run",
    "test",
    "bench",
    "configs",
    "crates",
    "tests",
    "benches",
    "target",
    "data",
];

#[test]
fn imports_follow_the_diagram() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, allowed) = MAY_IMPORT.iter().find(|(krate, _)| *krate == name).expect(name);
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or("");
        for ours in MAY_IMPORT.iter().map(|(krate, _)| *krate) {
            let imports = dependencies
                .lines()
                .any(|line| line.split(['.', ' ', '=']).next() == Some(ours));
            assert!(
                !imports || allowed.contains(&ours),
                "{name} may not import {ours}"
            );
        }
    }
}

#[test]
fn simulated_callers_reach_no_mixer_by_any_way() {
    let mut reached = vec!["sim"];
    let mut at = 0;
    while let Some(krate) = reached.get(at).copied() {
        let (_, imports) = MAY_IMPORT.iter().find(|(name, _)| *name == krate).unwrap();
        let new: Vec<_> = imports.iter().filter(|name| !reached.contains(name)).collect();
        reached.extend(new);
        at += 1;
    }
    assert_eq!(reached, ["sim", "media", "udp"]);
}

#[test]
fn simulated_callers_share_the_codecs_of_media_and_nothing_else() {
    let files = sources(&root().join("crates/sim/src")).into_iter();
    let mut used = Vec::new();
    for path in files.filter(|path| !path.ends_with("tests.rs")) {
        used.extend(names_of("media", &fs::read_to_string(&path).unwrap()));
    }
    used.sort();
    used.dedup();
    assert_eq!(used, OF_MEDIA_IN_SIM);
    let text = "use media::{\n    Codec, // media::Leg\n    rtp::Packet,\n};\nlet all = my_media::Mix + media::Leg::new();";
    assert_eq!(names_of("media", text), ["Codec", "rtp", "Leg"]);
}

/// The first names behind this crate's in all paths of the text, but for comments and the tests at the end.
fn names_of(krate: &str, text: &str) -> Vec<String> {
    let code: String = product(text).map(|(_, line)| format!("{line}\n")).collect();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let paths = code.split(&format!("{krate}::")).collect::<Vec<_>>();
    let mut names = Vec::new();
    for (before, path) in paths.iter().zip(paths.iter().skip(1)) {
        let list = path.strip_prefix('{').and_then(|list| list.split('}').next());
        let parts = list
            .unwrap_or(path)
            .split(',')
            .take(list.map_or(1, |_| usize::MAX));
        let firsts = parts.filter_map(|part| part.trim().split(|c: char| !is_name(c)).next());
        let is_crate = !before.ends_with(is_name);
        names.extend(
            firsts
                .filter(|name| is_crate && !name.is_empty())
                .map(str::to_owned),
        );
    }
    names
}

#[test]
fn the_mixer_is_made_of_media_and_rings_alone() {
    let manifest = fs::read_to_string(root().join("crates/mixer/Cargo.toml")).unwrap();
    let section = manifest
        .split("\n[")
        .find_map(|section| section.strip_prefix("dependencies]"));
    let names = section.unwrap().lines().filter_map(|line| line.split('.').next());
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["media", "rtrb"]);
}

#[test]
fn nothing_in_the_tick_locks_logs_or_waits() {
    let folders = IN_THE_TICK
        .iter()
        .map(|krate| root().join("crates").join(krate).join("src"));
    let mut found = Vec::new();
    for path in folders.flat_map(|folder| sources(&folder)) {
        if !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let named = not_in_the_tick(&text).into_iter();
            found.extend(named.map(|(line, what)| format!("{}:{line}: {what}", path.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let text = [
        "use std::sync::Mutex;",
        "// A comment on tracing.",
        "println!();",
        "#[cfg(test)]",
        "mod tests {",
        "    use std::fs;",
    ];
    let named = not_in_the_tick(&text.join("\n"));
    assert_eq!(named, [(1, "Mutex"), (3, "println!")]);
}

/// Lines that name what may not be in the tick, but for comments and the tests at the end.
fn not_in_the_tick(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in product(text) {
        let named = NOT_IN_THE_TICK.iter().filter(|what| line.contains(**what));
        found.extend(named.map(|what| (number, *what)));
    }
    found
}

/// Numbered lines without comments, up to the tests at the end.
fn product(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = match text.rsplit_once("#[cfg(test)]") {
        Some((code, tests)) if tests.contains("mod tests {") => code,
        Some(_) | None => text,
    };
    (1..).zip(
        code.lines()
            .map(|line| line.split("//").next().unwrap_or_default()),
    )
}

#[test]
fn files_and_functions_fit_the_eye() {
    let mut long = Vec::new();
    for path in ["crates", "tests", "benches"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
    {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            long.push(format!("{}: {lines} lines", path.display()));
        }
        // A test may be one long table; code may not.
        let code = if path
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
        {
            ""
        } else {
            &text
        };
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        long.extend(long_functions(code).map(|line| format!("{}:{line}: a long function", path.display())));
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// First lines of functions of more than the lines allowed, found by indentation.
fn long_functions(text: &str) -> impl Iterator<Item = usize> {
    let mut open: Option<(usize, usize)> = None;
    let mut long = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let starts = trimmed.starts_with("fn ") || trimmed.contains(" fn ");
        if starts && !trimmed.starts_with("//") && !line.ends_with(';') && open.is_none() {
            open = Some((number, indent));
        } else if let Some((start, depth)) = open
            && (line.trim_end() == format!("{}}}", " ".repeat(depth))
                || indent == depth && line.ends_with(';'))
        {
            if number - start >= FUNCTION_LINES_MAX {
                long.push(start + 1);
            }
            open = None;
        }
    }
    long.into_iter()
}

#[test]
fn the_top_folder_is_a_table_of_contents() {
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || TOP.contains(&name.as_str()),
            "{name} has no place at the top"
        );
    }
}

#[test]
fn the_attribute_page_is_fresh() {
    let path = root().join("crates/model/ATTRIBUTES.md");
    let page = model::attribute::markdown();
    if fs::read_to_string(&path).ok().as_deref() != Some(&page) {
        fs::write(&path, page).unwrap();
        panic!("{} was stale and has been rewritten: commit it", path.display());
    }
}

#[test]
fn the_help_of_the_bench_is_told_without_installing_or_building() {
    use std::os::unix::fs::PermissionsExt;
    let tools = tempfile::tempdir().unwrap();
    for name in ["dpkg-query", "apt-get", "sudo", "cargo"] {
        let tool = tools.path().join(name);
        fs::write(&tool, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let help = fs::read_to_string(root().join("benches/compare/help.txt")).unwrap();
    for words in [&["--help"][..], &["-h"], &["help"], &["soak", "--help"]] {
        let mut bench = std::process::Command::new(root().join("bench"));
        let told = bench.args(words).env("PATH", &path).output().unwrap();
        assert!(told.status.success(), "{words:?}");
        assert_eq!(String::from_utf8(told.stdout).unwrap(), help, "{words:?}");
    }
}

#[test]
fn every_prompt_has_its_text_and_its_recording() {
    let folder = root().join("crates/media/prompts");
    let catalogue = fs::read_to_string(folder.join("en.toml")).unwrap();
    let prompts = model::Prompt::ALL.iter().map(|prompt| prompt.name());
    for name in prompts.chain(bridge::control::voice::fragments()) {
        assert!(
            catalogue.contains(&format!("\n{name} = ")),
            "en.toml has no {name}"
        );
        assert!(
            folder.join("en").join(format!("{name}.opus")).exists(),
            "{name} was never spoken"
        );
    }
}

#[test]
fn every_dependency_is_pinned_once_in_the_workspace() {
    for krate in MAY_IMPORT.iter().map(|(krate, _)| *krate) {
        let manifest = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).unwrap();
        for line in manifest.split("ependencies]").skip(1).flat_map(str::lines) {
            let pinned_here = line.contains(" = \"") || line.contains("version = ");
            assert!(!pinned_here, "{krate}: {line}: pin it in the workspace");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
