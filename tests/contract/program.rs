//! The program itself, as people and CIs call it: in a folder of its own, with nothing of our environment.

use std::path::Path;

use tempfile::TempDir;

/// A folder in which the program runs, and its environment.
pub struct Workplace {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// How a run ended, and what it printed.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Expects an exit code, these words somewhere in what was printed, and nowhere what tokens begin with.
    pub fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        let says = |text: &str| self.out.contains(text) || self.err.contains(text);
        for words in words {
            assert!(says(words), "`{words}` is missing: {self:#?}");
        }
        for token in ["ghp_", "ghs_", "github_pat_", "glpat-", "glcbt-", "PRIVATE KEY"] {
            assert!(!says(token), "it tells a token: {self:#?}");
        }
    }
}

impl Workplace {
    /// A folder with this mapping file and three reports: of three dependencies, of two of them and a new one, and of a
    /// weakness in one's own code.
    pub fn new(mapping_file: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".findsync.yml"), mapping_file).unwrap();
        for (from, to) in [
            ("examples/reports/trivy.json", "trivy.json"),
            ("examples/reports/trivy-next.json", "next.json"),
            ("tests/fixtures/bandit/one.json", "bandit.json"),
        ] {
            std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(from), dir.path().join(to)).unwrap();
        }
        Self { dir, env: Vec::new() }
    }

    /// With a variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The address of a file in the folder.
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// What stands in a file of the folder.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// Runs the program; the command line is split at spaces.
    pub async fn run(&self, command_line: &str) -> Ran {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_findsync"))
            .args(command_line.split(' '))
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.env.iter().cloned())
            .output()
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}
