//! Repositories and targets that change their names, and those of which a run does not know the name.

use findsync::finding::{Scan, Source};
use findsync::plan::Action;

use crate::kit::{Bench, found, told};

fn source(name: &str, id: Option<&str>) -> Source {
    Source { name: name.into(), id: id.map(str::to_owned) }
}

/// A scan in the pipeline of a repository.
fn of(name: &str, id: Option<&str>, numbers: &[u32]) -> Scan {
    let mut scan = found("Trivy", numbers);
    scan.origin.source = source(name, id);
    scan
}

/// How the only finding of an issue spells its repository, and the scopes that saw it theirs, with the targets.
fn spelled(bench: &Bench, number: u64) -> String {
    let mut stamp = bench.issue(number).stamp.unwrap();
    let show = |source: &Source| {
        let id = source.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        format!("{}{id}", source.name)
    };
    let member = stamp.members.remove(0);
    let words = member.words.iter().map(|word| format!("{} on {}", show(&word.scope.source), word.scope.target));
    let words: Vec<String> = words.collect();
    format!("{}: {}", show(&member.owner), words.join(", "))
}

/// The runs' scans, one after another, and then the last one without findings: what is open, and how it was spelled before
/// that.
fn after(bench: &mut Bench, runs: &[Scan]) -> (Vec<u64>, String, Vec<u64>) {
    runs.iter().for_each(|scan| drop(bench.run(std::slice::from_ref(scan))));
    let (open, spelled) = (bench.open(), spelled(bench, 1));
    let last = Scan { findings: Vec::new(), ..runs[runs.len() - 1].clone() };
    bench.run(&[last]);
    (open, spelled, bench.open())
}

#[test]
fn a_repository_that_the_forge_knows_under_another_name_is_the_same() {
    for shared in [false, true] {
        let mut bench = Bench::default();
        bench.setup.shared = shared;
        let runs = [of("h/shop", Some("7"), &[1]), of("h/store", Some("7"), &[1])];
        assert_eq!(after(&mut bench, &runs), (vec![1], "h/store (7): h/store (7) on shop".into(), vec![]), "{shared}");
        // One that had no id so far gets it.
        let mut bench = Bench::default();
        bench.setup.shared = shared;
        let runs = [of("h/shop", None, &[1]), of("h/shop", Some("7"), &[1])];
        assert_eq!(after(&mut bench, &runs), (vec![1], "h/shop (7): h/shop (7) on shop".into(), vec![]), "{shared}");
        // One without an id now is the one that had one.
        let mut bench = Bench::default();
        bench.setup.shared = shared;
        let runs = [of("h/shop", Some("7"), &[1]), of("h/shop", None, &[1])];
        assert_eq!(after(&mut bench, &runs), (vec![1], "h/shop (7): h/shop (7) on shop".into(), vec![]), "{shared}");
    }
}

#[test]
fn a_repository_of_a_name_that_another_had_is_another() {
    let mut bench = Bench::default();
    let runs = [of("h/shop", Some("7"), &[1]), of("h/shop", Some("8"), &[1])];
    assert_eq!(after(&mut bench, &runs), (vec![1, 2], "h/shop (7): h/shop (7) on shop".into(), vec![1]));
}

#[test]
fn other_repositories_stay_others_unless_the_mapping_says_that_one_was_renamed() {
    let mut bench = Bench::default();
    bench.setup.shared = true;
    let runs = [of("h/shop", None, &[1]), of("h/store", None, &[1])];
    assert_eq!(after(&mut bench, &runs), (vec![1, 2], "h/shop: h/shop on shop".into(), vec![1]));
    let renamed = || {
        let mut bench = Bench { adjust: |settings| settings.formerly = vec!["h/shop".into()], ..Bench::default() };
        bench.setup.shared = true;
        bench
    };
    let mut bench = renamed();
    assert_eq!(after(&mut bench, &runs), (vec![1], "h/store: h/store on shop".into(), vec![]));
    // A report that says it of the repository that it is about says it as well.
    let mut bench = Bench::default();
    bench.setup.shared = true;
    let renamed_owner = Scan { formerly: vec!["h/shop".into()], ..of("h/store", None, &[1]) };
    assert_eq!(
        after(&mut bench, &[of("h/shop", None, &[1]), renamed_owner]),
        (vec![1], "h/store: h/store on shop".into(), vec![])
    );
    // A name that this run has itself is no old name.
    let mut bench = renamed();
    bench.run(&[of("h/shop", None, &[1])]);
    let plan = bench.run(&[of("h/store", None, &[1]), of("h/shop", None, &[1])]);
    assert_eq!(bench.open(), [1, 2]);
    assert!(plan.notes.iter().any(|note| note.starts_with("`formerly: h/shop`")), "{}", told(&plan));
    // Its own name says nothing.
    let mut bench = renamed();
    let plan = bench.run(&[of("h/shop", None, &[1])]);
    assert_eq!((bench.open(), plan.notes.len()), (vec![1], 0), "{}", told(&plan));
}

#[test]
fn an_unknown_repository_is_the_only_one_where_the_project_is_not_shared() {
    // Runs without a name before, and after.
    let mut bench = Bench::default();
    let runs = [of("", None, &[1]), of("h/shop", None, &[1])];
    let (open, _, closed) = after(&mut bench, &runs);
    assert_eq!((open, closed), (vec![1], vec![]));
    let mut bench = Bench::default();
    let runs = [of("h/shop", None, &[1]), of("", None, &[1])];
    let (open, _, closed) = after(&mut bench, &runs);
    assert_eq!((open, closed), (vec![1], vec![]));
    // In a shared project nothing says whose it is.
    for mut runs in [[of("", None, &[1]), of("h/shop", None, &[1])], [of("h/shop", None, &[1]), of("", None, &[1])]] {
        let mut bench = Bench::default();
        bench.setup.shared = true;
        runs.iter().for_each(|scan| drop(bench.run(std::slice::from_ref(scan))));
        assert_eq!(bench.open(), [1, 2]);
        runs[1].findings.clear();
        bench.run(&runs[1..]);
        assert_eq!(bench.open(), [1]);
    }
    // Nor where issues of two are there.
    let mut bench = Bench::default();
    bench.run(&[of("h/shop", None, &[1]), of("h/desk", None, &[1])]);
    assert_eq!(bench.open(), [1, 2]);
    bench.run(&[of("", None, &[1])]);
    assert_eq!(bench.open(), [1, 2, 3]);
}

/// A report of one repository that the pipeline of another reads.
fn read_by(reader: &str, owner: &str, formerly: &[&str]) -> Scan {
    let mut scan = of(reader, None, &[1]);
    scan.repository = Some(source(owner, None));
    scan.formerly = formerly.iter().map(|&name| name.into()).collect();
    scan
}

#[test]
fn what_one_repositorys_pipeline_reads_of_another_stays_when_either_is_renamed() {
    let first = || read_by("h/ci", "h/shop", &[]);
    let spelled = |reader: &str, owner: &str| format!("{owner}: {reader} > {owner} on shop");
    for (adjust, second, (reader, owner)) in [
        (false, read_by("h/ci", "h/store", &["h/shop"]), ("h/ci", "h/store")),
        (true, read_by("h/build", "h/shop", &[]), ("h/build", "h/shop")),
        (true, read_by("h/build", "h/store", &["h/shop"]), ("h/build", "h/store")),
    ] {
        let mut bench = Bench::default();
        bench.setup.shared = true;
        bench.run(&[first()]);
        if adjust {
            bench.adjust = |settings| settings.formerly = vec!["h/ci".into()];
        }
        let after = after(&mut bench, &[second]);
        assert_eq!(after, (vec![1], spelled(reader, owner), vec![]));
    }
    let mut bench = Bench::default();
    bench.setup.shared = true;
    let after = after(&mut bench, &[first(), read_by("h/build", "h/shop", &[])]);
    assert_eq!(after.2, [1], "another pipeline reads it still");
}

#[test]
fn a_target_that_was_renamed_is_the_same_unless_this_run_reads_the_old_one() {
    let on = |target: &str, formerly: &[&str], numbers: &[u32]| {
        let mut scan = of("h/shop", None, numbers);
        scan.target = target.into();
        scan.formerly = formerly.iter().map(|&name| name.into()).collect();
        scan
    };
    let mut bench = Bench::default();
    let runs = [on("old", &[], &[1]), on("new", &["old"], &[1])];
    assert_eq!(after(&mut bench, &runs), (vec![1], "h/shop: h/shop on new".into(), vec![]));
    let mut bench = Bench::default();
    let runs = [on("old", &[], &[1]), on("new", &[], &[1])];
    assert_eq!(after(&mut bench, &runs).2, [1], "another target");
    let mut bench = Bench::default();
    bench.run(&[on("old", &[], &[1])]);
    let plan = bench.run(&[on("new", &["old", "new"], &[]), on("old", &[], &[1])]);
    assert_eq!((bench.open(), plan.count(Action::Close)), (vec![1], 0), "{}", told(&plan));
    assert!(plan.notes.iter().any(|note| note.starts_with("`formerly: old`")), "{}", told(&plan));
}
