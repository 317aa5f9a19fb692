//! Laws over random histories: sources, branches, jobs and runs in any order, and people. The oracle is what scopes really
//! said and what people really decided, never the stamp. `FINDSYNC_LAW_CASES` says how many histories (64).
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stdout, reason = "it prints how many states were explored")]

mod board;
mod book;
mod desk;
mod play;
mod small_worlds;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use board::Act;
use play::{Game, Rule, Short, Step, picture};
use world::{Edit, Place, Scanner};

/// What a history is about.
#[derive(Debug, Clone)]
struct History {
    places: Vec<Place>,
    shared: bool,
    neighbours: bool,
    hashes: bool,
    steps: Vec<Step>,
    last: (u8, Vec<(Scanner, u8)>),
    seed: u64,
}

fn scanner() -> impl Strategy<Value = Scanner> {
    prop::sample::select(Scanner::ALL.to_vec())
}

fn jobs() -> impl Strategy<Value = Vec<(Scanner, u8)>> {
    let job = (scanner(), prop_oneof![4 => Just(0u8), 1 => Just(1u8)]);
    prop::collection::vec(job, 1..5)
}

fn edit() -> impl Strategy<Value = Edit> {
    let n = 0u8..3;
    prop_oneof![
        4 => n.clone().prop_map(Edit::Toggle),
        1 => Just(Edit::MoveManifest),
        1 => Just(Edit::Second),
        2 => n.clone().prop_map(Edit::Fix),
        1 => Just(Edit::Above),
        1 => Just(Edit::Below),
        1 => Just(Edit::Shift),
        1 => Just(Edit::Rename),
        1 => n.clone().prop_map(Edit::Change),
        1 => Just(Edit::SecretAbove),
        1 => n.clone().prop_map(Edit::FixSecret),
        1 => n.prop_map(Edit::ChangeSecret),
        1 => Just(Edit::Merge),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    use Act::{Accept, Assign, Bot, Done, Duplicate, Label, NotPlanned, Reopen, Retitle, Unlabel, Write};
    prop::sample::select(vec![
        NotPlanned, NotPlanned, Duplicate, Done, Bot, Reopen, Reopen, Label, Unlabel, Accept, Retitle, Write, Assign,
    ])
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        3 => (0u8..4).prop_map(Rule::GroupBy),
        1 => (1u8..3).prop_map(Rule::AcceptCve),
        1 => ((1u8..3), 0u8..20).prop_map(|(number, days)| Rule::AcceptCveUntil(number, days)),
        1 => Just(Rule::AcceptAlias),
        1 => Just(Rule::AcceptCheck),
        1 => scanner().prop_map(Rule::AcceptScanner),
        1 => Just(Rule::AcceptKey),
        1 => (1u8..3).prop_map(Rule::Fixed),
        1 => Just(Rule::Unfixed),
        2 => Just(Rule::NothingDecided),
        1 => any::<bool>().prop_map(Rule::MinSeverity),
        1 => (0u8..3).prop_map(Rule::MaxOpen),
        1 => any::<bool>().prop_map(Rule::Keep),
        1 => any::<bool>().prop_map(Rule::NewOnReturn),
        1 => any::<bool>().prop_map(Rule::Record),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0u8..6;
    let short = prop_oneof![
        8 => Just(Short::Whole),
        1 => Just(Short::Partial),
        1 => Just(Short::Failed),
        1 => Just(Short::Unexamined),
    ];
    prop_oneof![
        12 => (at.clone(), jobs(), short).prop_map(|(at, jobs, short)| Step::Run(at, jobs, short)),
        8 => (at.clone(), edit()).prop_map(|(at, edit)| Step::Commit(at, edit)),
        6 => (at.clone(), act()).prop_map(|(at, act)| Step::Act(at, act)),
        2 => rule().prop_map(Step::Rule),
        1 => Just(Step::Alias),
        1 => Just(Step::Again),
        1 => (at.clone(), jobs(), 0u8..4).prop_map(|(at, jobs, after)| Step::Crash(at, jobs, after)),
        1 => at.clone().prop_map(Step::Late),
        1 => (at.clone(), scanner(), scanner()).prop_map(|(at, one, other)| Step::Race(at, one, other)),
        1 => (at, scanner()).prop_map(|(at, scanner)| Step::Suppress(at, scanner)),
        1 => (1u8..40).prop_map(Step::Days),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let places = prop::sample::select(vec![
        vec![Place(0, 0)],
        vec![Place(0, 0), Place(0, 1)],
        vec![Place(0, 0), Place(1, 0)],
        vec![Place(0, 0), Place(0, 1), Place(1, 0)],
        vec![Place(0, 0), Place(1, 0), Place(2, 0), Place(2, 1)],
    ]);
    let steps = prop::collection::vec(step(), 1..16);
    (places, any::<bool>(), prop::bool::weighted(0.8), any::<bool>(), steps, (0u8..6, jobs()), any::<u64>()).prop_map(
        |(places, shared, neighbours, hashes, steps, last, seed)| {
            let shared = shared || places.iter().any(|place| place.0 > 0);
            History { places, shared, neighbours, hashes, steps, last, seed }
        },
    )
}

/// Plays a history to its end, or to the law that it breaks.
fn play(history: &History) -> Result<(), String> {
    let mut game = Game::new(&history.places, history.shared, history.neighbours, history.hashes);
    let mut broken = history.steps.iter().try_for_each(|step| game.step(step));
    if broken.is_ok() {
        broken = game.last_run(history.last.0, &history.last.1, history.seed);
    }
    broken.map_err(|why| {
        let board = picture(&game.board).join("\n");
        format!(
            "{why}\n  {:?} shared: {} neighbours: {} hashes: {}\n{}\nthe board:\n{board}",
            history.places,
            history.shared,
            history.neighbours,
            history.hashes,
            game.told.join("\n")
        )
    })
}

fn run(cases: u32) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 1500, ..Config::default() };
    let seed: u64 = std::env::var("FINDSYNC_LAW_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_default();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&history(), |history| play(&history).map_err(TestCaseError::fail));
    if let Err(proptest::test_runner::TestError::Fail(why, _)) = outcome {
        panic!("a law is broken: {}", why.message());
    }
}

/// Writes histories, and what is open after each run, for a comparison with another implementation of the rules.
#[test]
#[ignore = "writes a file: FINDSYNC_SCRIPT"]
fn writes_histories_for_a_comparison() {
    let Ok(path) = std::env::var("FINDSYNC_SCRIPT") else { return };
    let lines = std::cell::RefCell::new(String::new());
    let config = Config { cases: cases(64), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&history(), |history| {
        let mut game = Game::new(&history.places, history.shared, history.neighbours, false);
        game.script = Some(Vec::new());
        let plain = |step: &&Step| match step {
            Step::Commit(_, edit) => !matches!(edit, Edit::Second),
            Step::Run(_, _, short) => *short == Short::Whole,
            Step::Act(_, act) => !matches!(act, Act::Accept | Act::Retitle | Act::Write | Act::Assign),
            Step::Rule(Rule::GroupBy(by)) => *by != 1,
            Step::Rule(rule) => {
                matches!(rule, Rule::AcceptCve(_) | Rule::AcceptCheck | Rule::NothingDecided | Rule::Keep(_))
            }
            Step::Again | Step::Alias | Step::Suppress(..) => true,
            Step::Crash(..) | Step::Late(_) | Step::Race(..) | Step::Days(_) => false,
        };
        let _ = history.steps.iter().filter(plain).try_for_each(|step| game.step(step));
        *lines.borrow_mut() += &format!("{}\n", serde_json::to_string(&game.script).unwrap());
        Ok(())
    });
    outcome.unwrap();
    std::fs::write(path, lines.into_inner()).unwrap();
}

fn cases(default: u32) -> u32 {
    std::env::var("FINDSYNC_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}

#[test]
fn laws_hold_over_random_histories() {
    run(cases(64));
}

#[test]
#[ignore = "takes minutes"]
fn laws_hold_over_a_thousand_random_histories() {
    run(cases(1000));
}
