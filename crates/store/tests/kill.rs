//! kill -9 at random moments: what was acknowledged is there, what was in flight is whole or absent.

#[path = "common/edits.rs"]
mod edits;
#[path = "common/records.rs"]
mod records;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use edits::{Dice, any_edit, contents};
use model::directory::{Directory, Edit};
use model::{Actor, Sid};
use records::cdr;
use sqlx::{ConnectOptions, Connection};
use store::{IdKind, Order, Page, Record, Scope, SqliteStore, Store};
use tempfile::TempDir;

const SEED: u64 = 20_260_101;
/// Rounds where the environment does not say how many; the full form is 1,000.
const ROUNDS: u64 = 30;
const ROUNDS_KEY: &str = "KILL_TEST_ROUNDS";
/// Records of one transaction.
const BATCH: u64 = 3;
const PATH: &str = "KILL_TEST_STORE";
const START: &str = "KILL_TEST_START";

/// The edits that the writer makes: endless, always the same, every one accepted.
struct History {
    dice: Dice,
    directory: Directory,
    made: u64,
}

impl History {
    fn new() -> Self {
        Self {
            dice: Dice(SEED),
            directory: Directory::default(),
            made: 0,
        }
    }

    fn next(&mut self) -> Edit {
        loop {
            let edit = any_edit(&mut self.dice);
            if let Ok(directory) = self.directory.edited(edit.clone()) {
                self.directory = directory;
                self.made += 1;
                return edit;
            }
        }
    }

    fn advance_to(&mut self, made: u64) {
        while self.made < made {
            self.next();
        }
    }
}

fn batch(number: u64) -> Vec<Record> {
    let legs = (0..BATCH).map(|n| number * BATCH + n);
    legs.map(|leg| Record::Call(Box::new(cdr(leg, Some("a"), 0))))
        .collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Writes until it is killed; says on standard error, in one write each, what was acknowledged.
async fn write_for_ever(path: &Path, start: u64) {
    let store = SqliteStore::open(path).await.unwrap();
    let mut history = History::new();
    history.advance_to(start);
    loop {
        let edit = history.next();
        store.write(&Actor::Bridge, &[edit], 0).await.unwrap();
        std::io::stderr().write_all(b"edit\n").unwrap();
        store.add_records(&batch(history.made)).await.unwrap();
        std::io::stderr().write_all(b"records\n").unwrap();
        let ids = store.reserve(IdKind::Leg, 10).await.unwrap();
        std::io::stderr()
            .write_all(format!("ids {}\n", ids.start).as_bytes())
            .unwrap();
    }
}

#[test]
#[ignore = "the writer that the other test starts and kills"]
fn writer() {
    if let (Ok(path), Ok(start)) = (std::env::var(PATH), std::env::var(START)) {
        block_on(write_for_ever(Path::new(&path), start.parse().unwrap()));
    }
}

fn start_writer(path: &Path, start: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer", "--nocapture"])
        .env(PATH, path)
        .env(START, start.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Everything the writer said before it was killed, after some acknowledgements and some while more.
fn kill_at_random(mut child: Child, dice: &mut Dice) -> Vec<String> {
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    for _ in 0..dice.below(60) {
        if said.read_line(&mut text).unwrap() == 0 {
            break;
        }
    }
    for _ in 0..dice.below(1 << 20) {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    said.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| line.trim().to_owned())
        .collect()
}

fn count(said: &[String], word: &str) -> u64 {
    said.iter().filter(|line| *line == word).count() as u64
}

async fn is_whole(path: &Path) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut db = options.connect().await.unwrap();
    let found: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(found, "ok");
    let orphans = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut db)
        .await
        .unwrap();
    assert!(orphans.is_empty());
    db.close().await.unwrap();
}

async fn calls(store: &SqliteStore) -> u64 {
    let page = Page {
        offset: 0,
        limit: 1,
        order: Order::OldestFirst,
    };
    store
        .cdrs(&Scope::tenant(Sid::new("a")), &page.into())
        .await
        .unwrap()
        .total
}

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let mut dice = Dice(SEED);
    let mut history = History::new();
    let rounds = std::env::var(ROUNDS_KEY).map_or(ROUNDS, |text| text.parse().unwrap());
    let (mut batches, mut highest_id) = (0, 0);
    for round in 0..rounds {
        let said = kill_at_random(start_writer(&path, history.made), &mut dice);
        let foreign: Vec<_> = said
            .iter()
            .filter(|line| !["edit", "records"].contains(&line.as_str()) && !line.starts_with("ids "))
            .collect();
        assert!(foreign.is_empty(), "round {round}: {foreign:?}");
        block_on(async {
            let store = SqliteStore::open(&path).await.unwrap();
            let found = contents(&store.load().await.unwrap());
            history.advance_to(history.made + count(&said, "edit"));
            if found != contents(&history.directory) {
                history.next();
                assert_eq!(
                    found,
                    contents(&history.directory),
                    "round {round}: neither without nor with the edit in flight"
                );
            }
            let total = calls(&store).await;
            batches += count(&said, "records");
            assert!(
                total == batches * BATCH || total == (batches + 1) * BATCH,
                "round {round}: {total} of {batches} batches"
            );
            batches = total / BATCH;
            for start in said.iter().filter_map(|line| line.strip_prefix("ids ")) {
                let start: u64 = start.parse().unwrap();
                assert!(start > highest_id, "round {round}: id {start} given twice");
                highest_id = start + 9;
            }
            assert!(store.reserve(IdKind::Leg, 1).await.unwrap().start > highest_id);
            is_whole(&path).await;
            store.close().await.unwrap();
        });
    }
    assert!(history.made > rounds, "the writer hardly wrote: {}", history.made);
}
