//! Small worlds, explored whole: every order of commits, runs, one person's acts, one crash and one late run, breadth first,
//! each state once. `FINDSYNC_STATES` says how many states a world may have.

use std::collections::{HashSet, VecDeque};

use crate::board::{Act, Board};
use crate::play::{Game, Rule, Short, Step, picture};
use crate::world::{Edit, Place, Scanner, World};

/// A world, and what happens in it.
struct Small {
    name: &'static str,
    places: &'static [Place],
    scanners: [Scanner; 2],
    edits: &'static [Edit],
    /// Aliases, decisions of the mapping file, groups.
    turns: &'static [Step],
    acts: &'static [Act],
    /// What happens before.
    start: &'static [Rule],
}

const MAIN: Place = Place(0, 0);
const RELEASE: Place = Place(0, 1);
const OTHER: Place = Place(1, 0);
const PERSON: &[Act] = &[Act::NotPlanned, Act::Done, Act::Duplicate, Act::Reopen, Act::Label, Act::Unlabel, Act::Bot];

const WORLDS: &[Small] = &[
    Small {
        name: "two branches",
        places: &[MAIN, RELEASE],
        scanners: [Scanner::Trivy, Scanner::Osv],
        edits: &[Edit::Toggle(0), Edit::Toggle(1)],
        turns: &[],
        acts: &[Act::NotPlanned, Act::Reopen],
        start: &[],
    },
    Small {
        name: "two sources on one board",
        places: &[MAIN, OTHER],
        scanners: [Scanner::Trivy, Scanner::Osv],
        edits: &[Edit::Toggle(0), Edit::Toggle(1)],
        turns: &[],
        acts: &[Act::NotPlanned, Act::Duplicate],
        start: &[],
    },
    Small {
        name: "aliases come and go",
        places: &[MAIN],
        scanners: [Scanner::Trivy, Scanner::Grype],
        edits: &[Edit::Toggle(0), Edit::Toggle(1)],
        turns: &[Step::Alias],
        acts: &[Act::NotPlanned, Act::Done, Act::Reopen],
        start: &[],
    },
    Small {
        name: "a bundle, and a scanner that knows no CVE",
        places: &[MAIN],
        scanners: [Scanner::Osv, Scanner::Grype],
        edits: &[Edit::Toggle(0), Edit::Toggle(1)],
        turns: &[],
        acts: PERSON,
        start: &[],
    },
    Small {
        name: "equal lines",
        places: &[MAIN],
        scanners: [Scanner::Semgrep, Scanner::Opengrep],
        edits: &[Edit::Fix(0), Edit::Fix(1), Edit::Above, Edit::Below, Edit::Shift, Edit::Rename, Edit::Change(0)],
        turns: &[],
        acts: &[Act::NotPlanned, Act::Reopen],
        start: &[],
    },
    Small {
        name: "equal lines on two branches",
        places: &[MAIN, RELEASE],
        scanners: [Scanner::Semgrep, Scanner::Semgrep],
        edits: &[Edit::Fix(0), Edit::Above, Edit::Shift],
        turns: &[],
        acts: &[Act::NotPlanned],
        start: &[],
    },
    Small {
        name: "groups on, off and over",
        places: &[MAIN],
        scanners: [Scanner::Trivy, Scanner::Osv],
        edits: &[Edit::Toggle(0), Edit::Toggle(1)],
        turns: &[Step::Rule(Rule::GroupBy(0)), Step::Rule(Rule::GroupBy(1)), Step::Rule(Rule::GroupBy(2))],
        acts: PERSON,
        start: &[Rule::GroupBy(1)],
    },
    Small {
        name: "decisions in the mapping file and in reports",
        places: &[MAIN, RELEASE],
        scanners: [Scanner::Trivy, Scanner::Osv],
        edits: &[Edit::Toggle(1)],
        turns: &[
            Step::Rule(Rule::AcceptCve(1)),
            Step::Rule(Rule::NothingDecided),
            Step::Rule(Rule::Fixed(1)),
            Step::Rule(Rule::Unfixed),
            Step::Suppress(0, Scanner::Trivy),
        ],
        acts: &[],
        start: &[],
    },
];

/// What may still happen only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Left {
    acts: u8,
    crashes: u8,
    late: u8,
    races: u8,
}

struct Node {
    game: Game,
    left: Left,
    history: Vec<Step>,
}

impl Small {
    fn events(&self, node: &Node) -> Vec<(Step, Left)> {
        let left = node.left;
        let [one, other] = self.scanners;
        let mut jobs = vec![vec![(one, 0)]];
        if one != other {
            jobs.extend([vec![(other, 0)], vec![(one, 0), (other, 0)]]);
        }
        let mut events = Vec::new();
        for at in 0..u8::try_from(self.places.len()).unwrap() {
            events.extend(self.edits.iter().map(|edit| (Step::Commit(at, *edit), left)));
            for jobs in &jobs {
                events.push((Step::Run(at, jobs.clone(), Short::Whole), left));
            }
            if left.crashes > 0 {
                let left = Left { crashes: left.crashes - 1, ..left };
                let all = jobs.last().unwrap();
                events.extend((0..3).map(|after| (Step::Crash(at, all.clone(), after), left)));
            }
            if left.races > 0 && one != other {
                events.push((Step::Race(at, one, other), Left { races: left.races - 1, ..left }));
            }
        }
        if left.late > 0 {
            events.extend((0..3).map(|at| (Step::Late(at), Left { late: left.late - 1, ..left })));
        }
        events.extend(self.turns.iter().map(|turn| (turn.clone(), left)));
        if left.acts > 0 {
            let left = Left { acts: left.acts - 1, ..left };
            let issues = (0..3).flat_map(|at| self.acts.iter().map(move |act| (Step::Act(at, *act), left)));
            events.extend(issues);
        }
        events
    }

    /// How many states there are, and to which depth all were seen.
    fn explore(&self, limit: usize) -> Result<(usize, usize), String> {
        let shared = self.places.iter().any(|place| place.0 > 0);
        let mut game = Game::on(Board::quick(), World::new(self.places, true, false), shared);
        self.start.iter().for_each(|rule| game.step(&Step::Rule(*rule)).unwrap());
        let left = Left { acts: 2, crashes: 1, late: 1, races: 1 };
        let mut seen = HashSet::from([(game.fingerprint(), left)]);
        let mut queue = VecDeque::from([Node { game, left, history: Vec::new() }]);
        let mut depth = 0;
        while let Some(node) = queue.pop_front() {
            depth = node.history.len();
            if seen.len() >= limit {
                break;
            }
            for (step, left) in self.events(&node) {
                let mut game = node.game.fork();
                let broken = game.step(&step);
                let mut history = node.history.clone();
                history.push(step);
                if let Err(why) = broken {
                    let [told, board] = [game.told.join("\n"), picture(&game.board).join("\n")];
                    let steps: Vec<String> = history.iter().map(|step| format!("  {step:?}")).collect();
                    return Err(format!("{}: {why}\n{}\nthe last step:\n{told}\n{board}", self.name, steps.join("\n")));
                }
                // A step that was not possible leaves no trace.
                if !game.told.is_empty() && seen.insert((game.fingerprint(), left)) {
                    queue.push_back(Node { game, left, history });
                }
            }
        }
        Ok((seen.len(), if queue.is_empty() { usize::MAX } else { depth }))
    }
}

fn explore(limit: usize) {
    let limit = std::env::var("FINDSYNC_STATES").ok().and_then(|states| states.parse().ok()).unwrap_or(limit);
    let only = std::env::var("FINDSYNC_WORLD").ok();
    let mut broken = Vec::new();
    let mut total = 0;
    for world in WORLDS.iter().filter(|world| only.as_ref().is_none_or(|only| world.name.contains(only.as_str()))) {
        match world.explore(limit) {
            Ok((states, depth)) => {
                total += states;
                println!("{}: {states} states, whole to depth {depth}", world.name);
            }
            Err(why) => broken.push(why),
        }
    }
    println!("{total} states");
    assert!(broken.is_empty(), "a law is broken: {}", broken.join("\n\n"));
}

#[test]
fn small_worlds_hold_the_laws() {
    explore(400);
}

#[test]
#[ignore = "takes many minutes"]
fn small_worlds_hold_the_laws_in_a_hundred_thousand_states() {
    explore(14_000);
}
