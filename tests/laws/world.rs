//! What is really there: sources, branches, files, lines and packages, and what scanners report of them. Each weakness has a
//! name (its truth) that planning does not see; it stands where a stamp keeps a finding's title for lists.

use std::collections::{BTreeMap, BTreeSet};

use findsync::finding::{
    Component, Evidence, Finding, Id, Kind, LocationEvidence, Origin, Run, Scan, Severity, Snippet, Source, Status,
    assign_keys,
};
use findsync::issue::{Issue, Member, State, Verdict};

/// A weakness' name: `a:CVE-1@M1`, `a:L3`, `a:GHSA@M1` (a report that does not say which).
pub(crate) type Truth = String;

/// A branch of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(pub(crate) u8, pub(crate) u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scanner {
    /// Knows CVEs, and the GHSA that they share, while that is believed.
    Trivy,
    /// Knows the GHSA only.
    Grype,
    /// Reports one advisory with all CVEs.
    Osv,
    Semgrep,
    Opengrep,
    Gitleaks,
}

impl Scanner {
    pub(crate) const ALL: [Self; 6] =
        [Self::Trivy, Self::Grype, Self::Semgrep, Self::Opengrep, Self::Gitleaks, Self::Osv];

    pub(crate) const fn reads_code(self) -> bool {
        matches!(self, Self::Semgrep | Self::Opengrep | Self::Gitleaks)
    }
}

/// A scope: where, by what, and which part of a matrix.
pub(crate) type ScopeName = (Place, Scanner, u8);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    truth: u32,
    edits: u8,
    line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Manifest {
    id: u32,
    path: u8,
    cves: BTreeSet<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Tree {
    file: u8,
    lines: Vec<Line>,
    secrets: Vec<Line>,
    manifests: Vec<Manifest>,
    /// Scanners that read the code since the last edit.
    read: BTreeSet<Scanner>,
}

/// What is really there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    trees: BTreeMap<Place, Tree>,
    count: u32,
    /// Whether the GHSA is believed to be the CVEs'.
    pub(crate) alias: bool,
    /// What a scanner's report calls accepted.
    suppressed: BTreeSet<(Scanner, Truth)>,
    /// Whether reports show the lines around.
    neighbours: bool,
    /// Whether reports show a secret's hash.
    hashes: bool,
    /// Scanners that were used on the code.
    used: BTreeSet<(Place, Scanner)>,
}

/// What one commit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Edit {
    /// The package gets, or loses, a vulnerability.
    Toggle(u8),
    /// The manifest moves.
    MoveManifest,
    /// A second manifest appears, or goes.
    Second,
    Fix(u8),
    Above,
    Below,
    Shift,
    Rename,
    Change(u8),
    SecretAbove,
    FixSecret(u8),
    ChangeSecret(u8),
    /// The branch takes over what the default branch has.
    Merge,
}

/// A finding and what it is really about.
pub(crate) type Reported = (Finding, Vec<Truth>);

pub(crate) fn source_name(source: u8) -> String {
    format!("forge/{}", char::from(b'a' + source))
}

fn cve(number: u8) -> String {
    format!("CVE-2026-{number}")
}

const GHSA: &str = "GHSA-XXXX";

impl World {
    pub(crate) fn new(places: &[Place], neighbours: bool, hashes: bool) -> Self {
        let mut world = Self {
            trees: BTreeMap::new(),
            count: 0,
            alias: false,
            suppressed: BTreeSet::new(),
            neighbours,
            hashes,
            used: BTreeSet::new(),
        };
        for place in places {
            let main = world.trees.get(&Place(place.0, 0)).cloned();
            let tree = main.unwrap_or_else(|| {
                let line = |world: &mut Self, line| Line { truth: world.next(), edits: 0, line };
                Tree {
                    file: 0,
                    lines: vec![line(&mut world, 10), line(&mut world, 50)],
                    secrets: vec![line(&mut world, 5)],
                    manifests: vec![Manifest { id: world.next(), path: 0, cves: BTreeSet::from([1]) }],
                    read: BTreeSet::new(),
                }
            });
            world.trees.insert(*place, tree);
        }
        world
    }

    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// Whether reports tell what stands around a line.
    pub(crate) const fn neighbours(&self) -> bool {
        self.neighbours
    }

    /// The lines of code and secrets of a place.
    pub(crate) fn lines(&self, place: Place) -> Vec<Truth> {
        let lines = self.trees.get(&place).into_iter().flat_map(|tree| tree.lines.iter().chain(&tree.secrets));
        lines.map(|line| format!("{}:L{}", source_name(place.0), line.truth)).collect()
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        self.trees.keys().copied().collect()
    }

    /// A commit; whether it is possible. Code changes once between two scans, as one commit does. Returns truths that may
    /// have two issues for a while, or lose their decision.
    pub(crate) fn commit(&mut self, place: Place, edit: Edit) -> Option<Vec<Truth>> {
        let used: BTreeSet<Scanner> =
            self.used.iter().filter(|(at, scanner)| *at == place && scanner.reads_code()).map(|(_, s)| *s).collect();
        let main = self.trees.get(&Place(place.0, 0)).cloned();
        let mut count = self.count;
        let mut next = || {
            count += 1;
            count
        };
        let mut loose = Vec::new();
        let owner = source_name(place.0);
        // The same file on another branch of the repository is the same manifest.
        let beside: Vec<(u8, u32)> = self
            .trees
            .iter()
            .filter(|(other, _)| other.0 == place.0 && **other != place)
            .flat_map(|(_, tree)| tree.manifests.iter().map(|manifest| (manifest.path, manifest.id)))
            .collect();
        let tree = self.trees.get_mut(&place)?;
        let is_code = !matches!(edit, Edit::Toggle(_) | Edit::MoveManifest | Edit::Second);
        if is_code && !used.is_subset(&tree.read) {
            return None;
        }
        match edit {
            Edit::Toggle(number) => {
                let manifest = tree.manifests.first_mut()?;
                let number = number % 2 + 1;
                if !manifest.cves.remove(&number) {
                    manifest.cves.insert(number);
                }
            }
            Edit::MoveManifest => {
                if !used.is_subset(&tree.read) || tree.manifests.len() != 1 {
                    return None;
                }
                let manifest = tree.manifests.first_mut()?;
                manifest.path = (manifest.path + 1) % 3;
            }
            Edit::Second => match tree.manifests.len() {
                1 => {
                    let path = (tree.manifests[0].path + 1) % 3;
                    let known = beside.iter().find(|(other, _)| *other == path).map(|(_, id)| *id);
                    tree.manifests.push(Manifest { id: known.unwrap_or_else(next), path, cves: BTreeSet::from([1]) });
                }
                _ => drop(tree.manifests.pop()),
            },
            Edit::Fix(at) => {
                let index = (at as usize).checked_rem(tree.lines.len())?;
                tree.lines.remove(index);
            }
            Edit::FixSecret(at) => {
                let index = (at as usize).checked_rem(tree.secrets.len())?;
                tree.secrets.remove(index);
            }
            Edit::Above if tree.lines.len() < 3 => {
                tree.lines.iter_mut().for_each(|line| line.line += 5);
                tree.lines.insert(0, Line { truth: next(), edits: 0, line: 5 });
            }
            Edit::Below if tree.lines.len() < 3 => {
                let line = tree.lines.last().map_or(0, |line| line.line) + 30;
                tree.lines.push(Line { truth: next(), edits: 0, line });
            }
            Edit::SecretAbove if tree.secrets.len() < 3 => {
                tree.secrets.iter_mut().for_each(|line| line.line += 5);
                tree.secrets.insert(0, Line { truth: next(), edits: 0, line: 5 });
            }
            Edit::Shift => tree.lines.iter_mut().chain(&mut tree.secrets).for_each(|line| line.line += 7),
            Edit::Rename => tree.file = 1 - tree.file,
            Edit::Change(at) if !tree.lines.is_empty() => {
                let at = at as usize % tree.lines.len();
                tree.lines[at].edits += 1;
                loose.push(format!("{owner}:L{}", tree.lines[at].truth));
            }
            Edit::ChangeSecret(at) if !tree.secrets.is_empty() => {
                let at = at as usize % tree.secrets.len();
                tree.secrets[at].truth = next();
            }
            Edit::Merge if place.1 != 0 => {
                let main = main?;
                let lines = tree.lines.iter().chain(&tree.secrets);
                loose.extend(lines.map(|line| format!("{owner}:L{}", line.truth)));
                (tree.file, tree.lines, tree.secrets) = (main.file, main.lines, main.secrets);
            }
            _ => return None,
        }
        // Without the lines around, equal lines that move may be taken for one another; and what two branches have at
        // two places may be two.
        let branches = self.trees.keys().filter(|other| other.0 == place.0).count() > 1;
        if edit == Edit::MoveManifest {
            let manifests = self.trees[&place].manifests.iter().map(|manifest| manifest.id);
            loose
                .extend(manifests.flat_map(|id| (1..=2).map(|n| format!("{owner}:CVE-{n}@M{id}")).collect::<Vec<_>>()));
        }
        if is_code && (!self.neighbours || branches && edit == Edit::Rename) {
            let tree = &self.trees[&place];
            loose.extend(tree.lines.iter().chain(&tree.secrets).map(|line| format!("{owner}:L{}", line.truth)));
        }
        if is_code || edit == Edit::MoveManifest {
            self.trees.get_mut(&place)?.read.clear();
        }
        self.count = count;
        Some(loose)
    }

    /// A scanner's report starts, or ceases, to call the first thing that it sees accepted.
    pub(crate) fn suppress(&mut self, place: Place, scanner: Scanner) -> bool {
        let Some(truth) = self.report(place, scanner).first().and_then(|(_, truths)| truths.first().cloned()) else {
            return false;
        };
        if !self.suppressed.remove(&(scanner, truth.clone())) {
            self.suppressed.insert((scanner, truth));
        }
        true
    }

    /// Notes that a scanner read a branch.
    pub(crate) fn was_read(&mut self, place: Place, scanner: Scanner) {
        self.used.insert((place, scanner));
        if let Some(tree) = self.trees.get_mut(&place) {
            tree.read.insert(scanner);
        }
    }

    pub(crate) fn checkout(&self, place: Place) -> BTreeSet<String> {
        let tree = &self.trees[&place];
        let manifests = tree.manifests.iter().map(|manifest| manifest_path(manifest.path));
        manifests.chain([code_path(tree.file), "settings.env".to_owned()]).collect()
    }

    pub(crate) fn code_path(&self, place: Place) -> String {
        code_path(self.trees[&place].file)
    }

    /// What a scanner reports of a branch.
    pub(crate) fn report(&self, place: Place, scanner: Scanner) -> Vec<Reported> {
        let tree = &self.trees[&place];
        let owner = source_name(place.0);
        let mut reported: Vec<Reported> = match scanner {
            Scanner::Trivy => {
                let each = tree.manifests.iter().flat_map(|manifest| manifest.cves.iter().map(move |n| (manifest, *n)));
                each.map(|(manifest, number)| {
                    let mut ids = vec![cve(number)];
                    ids.extend(self.alias.then(|| GHSA.to_owned()));
                    (dependency(manifest, ids, number), vec![format!("{owner}:CVE-{number}@M{}", manifest.id)])
                })
                .collect()
            }
            Scanner::Grype => {
                let some = tree.manifests.iter().filter(|manifest| !manifest.cves.is_empty());
                some.map(|manifest| {
                    let truth = format!("{owner}:GHSA@M{}", manifest.id);
                    (dependency(manifest, vec![GHSA.to_owned()], 1), vec![truth])
                })
                .collect()
            }
            Scanner::Osv => {
                let some = tree.manifests.iter().filter(|manifest| !manifest.cves.is_empty());
                some.map(|manifest| {
                    let ids = std::iter::once(GHSA.to_owned()).chain(manifest.cves.iter().map(|n| cve(*n))).collect();
                    let truths = manifest.cves.iter().map(|n| format!("{owner}:CVE-{n}@M{}", manifest.id)).collect();
                    (dependency(manifest, ids, 1), truths)
                })
                .collect()
            }
            Scanner::Semgrep | Scanner::Opengrep => tree
                .lines
                .iter()
                .map(|line| {
                    (self.code(&code_path(tree.file), line, Kind::Code), vec![format!("{owner}:L{}", line.truth)])
                })
                .collect(),
            Scanner::Gitleaks => tree
                .secrets
                .iter()
                .map(|line| (self.code("settings.env", line, Kind::Secret), vec![format!("{owner}:L{}", line.truth)]))
                .collect(),
        };
        for (finding, truths) in &mut reported {
            if truths.iter().any(|truth| self.suppressed.contains(&(scanner, truth.clone()))) {
                finding.status = Status::RiskAccepted;
            }
        }
        reported
    }

    fn code(&self, path: &str, line: &Line, kind: Kind) -> Finding {
        let Line { truth, edits, line } = line;
        let text = if kind == Kind::Secret {
            format!("PASSWORD = s3cret{truth}")
        } else {
            format!("return eval(request, body, config{})", ", strict".repeat(*edits as usize))
        };
        let around = |side: &str| self.neighbours.then(|| format!("{side} of {truth}"));
        let mut finding = Finding {
            kind,
            title: format!("L{truth}"),
            rule: Some(if kind == Kind::Secret { "password" } else { "eval" }.to_owned()),
            severity: if truth % 2 == 0 { Severity::High } else { Severity::Low },
            evidence: Evidence {
                snippet: Some(Snippet { lines: text, before: around("before"), after: around("after"), heading: None }),
                secret_hash: (kind == Kind::Secret && self.hashes).then(|| format!("{truth:064}")),
                message: Some("It is dangerous.".to_owned()),
                ..Evidence::default()
            },
            ..Finding::default()
        };
        finding.location.path = Some(path.to_owned());
        finding.location.start_line = Some(*line);
        finding
    }
}

fn code_path(file: u8) -> String {
    ["src/x.py", "src/y.py"][file as usize].to_owned()
}

fn manifest_path(path: u8) -> String {
    ["package-lock.json", "web/package-lock.json", "api/package-lock.json"][path as usize].to_owned()
}

fn dependency(manifest: &Manifest, ids: Vec<String>, number: u8) -> Finding {
    let mut finding = Finding {
        kind: Kind::Dependency,
        title: format!("M{}", manifest.id),
        rule: Some(ids[0].clone()),
        identifiers: ids,
        severity: if number == 2 { Severity::High } else { Severity::Low },
        component: Some(Component {
            purl: Some("pkg:npm/lodash@1.0.0".into()),
            name: "lodash".into(),
            version: Some("1.0.0".into()),
        }),
        ..Finding::default()
    };
    finding.location.path = Some(manifest_path(manifest.path));
    finding
}

/// What a scanner reports, as a scan.
pub(crate) fn scan(name: ScopeName, run: Option<Run>, reported: &[Reported]) -> Scan {
    let (place, scanner, target) = name;
    let mut scan = Scan {
        reader: "test".into(),
        scanner: format!("{scanner:?}"),
        target: if target == 0 { ".".into() } else { format!(". ({target})") },
        report: format!("{scanner:?}.json"),
        complete: true,
        origin: Origin {
            source: Source::named(&source_name(place.0)),
            branch: if place.1 == 0 { String::new() } else { "release".into() },
            run,
        },
        findings: reported.iter().map(|(finding, _)| finding.clone()).collect(),
        ..Scan::default()
    };
    assign_keys(&mut scan);
    scan
}

/// What the words of a member are about, those with certain verdicts.
pub(crate) fn truths(member: &Member, counts: impl Fn(Verdict) -> bool) -> BTreeSet<Truth> {
    let owner = &member.owner.name;
    let words = member.words.iter().filter(|word| counts(word.verdict));
    let each = words.flat_map(|word| {
        let title = &word.facts.title;
        if member.kind != Kind::Dependency {
            return vec![format!("{owner}:{title}")];
        }
        let cves: Vec<u8> = (1..=2).filter(|n| word.facts.ids.contains(&Id::of(&cve(*n)))).collect();
        match cves.is_empty() {
            true => vec![format!("{owner}:GHSA@{title}")],
            false => cves.iter().map(|n| format!("{owner}:CVE-{n}@{title}")).collect(),
        }
    });
    each.collect()
}

pub(crate) fn all_truths(issue: &Issue, counts: impl Fn(Verdict) -> bool + Copy) -> BTreeSet<Truth> {
    let members = issue.stamp.iter().flat_map(|stamp| &stamp.members);
    members.flat_map(|member| truths(member, counts)).collect()
}

/// Whether a person's decision covers a member of an open issue.
pub(crate) fn is_covered(issue: &Issue, member: &Member) -> bool {
    let not_exempt = |by: &str| !member.exempt.contains(&LocationEvidence::part(Some(by)));
    let written = issue.stamp.as_ref().map(|stamp| (stamp.status, stamp.moved_by_people));
    let ours = |decision: &findsync::issue::TrackerDecision| {
        decision.by_field && written.is_some_and(|(status, moved)| status == decision.status && !moved)
    };
    // What a person opened again after it was written closed is decided no more.
    let taken_back = issue.state == State::Open && issue.stamp.as_ref().is_some_and(|stamp| stamp.left_closed);
    member.people.is_some() && !taken_back
        || issue.decisions.iter().any(|decision| !ours(decision) && not_exempt(&decision.by.to_lowercase()))
}

/// Whether a truth is that of a report that does not say which of several weaknesses it means.
pub(crate) fn is_vague(truth: &str) -> bool {
    truth.contains(":GHSA@")
}

/// A truth without the weakness: owner and manifest.
pub(crate) fn manifest_of(truth: &str) -> Option<String> {
    let (owner, rest) = truth.split_once(':')?;
    let (_, manifest) = rest.split_once('@')?;
    Some(format!("{owner}@{manifest}"))
}
