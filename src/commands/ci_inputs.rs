//! A step of a CI: its inputs as a command line. GitHub Actions hands them over as `INPUT_FAIL-ON`, our templates for
//! GitLab and Azure Pipelines as `FINDSYNC_FAIL_ON`. They are data: no shell ever sees them, and none of them can become
//! another option than its own.

use clap::Parser as _;

use crate::cli::Cli;
use crate::config::Secret;

/// Inputs that are options of the same name.
const OPTIONS: [&str; 5] = ["config", "fail-on", "to", "reader", "target"];
/// Inputs with tokens, and the variables that they stand for.
const TOKENS: [(&str, &str); 2] = [("token", "FINDSYNC_TOKEN"), ("github-token", "GITHUB_TOKEN")];

/// The command line that a step's inputs stand for. Empty inputs are absent.
///
/// # Errors
/// Where the inputs are none that the command line would take.
pub fn from_inputs(env: &dyn Fn(&str) -> Option<String>) -> Result<Cli, clap::Error> {
    // GitHub upper-cases names and keeps dashes, which no shell would let pass.
    let given = |name: &str| {
        let upper = name.to_ascii_uppercase();
        env(&format!("INPUT_{upper}")).or_else(|| env(&format!("FINDSYNC_{}", upper.replace('-', "_"))))
    };
    let lines = |name: &str| -> Result<Vec<String>, clap::Error> {
        let text = given(name).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        let lines: Vec<String> = lines.collect();
        // Errors show values, and a log takes some lines for commands.
        let is_bad = |line: &&String| line.contains(|c: char| c.is_control()) || line.contains("##");
        match lines.iter().find(is_bad) {
            Some(line) => Err(bad(name, line, "must not hold control characters or `##`")),
            None => Ok(lines),
        }
    };
    // Nothing of a token is ever shown, whatever is wrong with it.
    let token = |name: &str| match given(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        Some(text) if text.contains(|c: char| c.is_control()) => {
            Err(wrong(format!("input `{name}` must be one line without control characters")))
        }
        text => Ok(text.map(Secret::new)),
    };
    let input = |name: &str| match lines(name)?.as_slice() {
        [] => Ok(None),
        [line] => Ok(Some(line.clone())),
        [line, ..] => Err(bad(name, line, "must be one line")),
    };
    let one_of = |name, words: [&'static str; 2]| match input(name)?.as_deref() {
        None => Ok(words[0]),
        Some(given) => words
            .into_iter()
            .find(|word| *word == given)
            .ok_or_else(|| bad(name, given, &format!("must be `{}` or `{}`", words[0], words[1]))),
    };
    let mut arguments = vec!["findsync".to_owned(), one_of("mode", ["apply", "plan"])?.to_owned()];
    if one_of("partial", ["false", "true"])? == "true" {
        arguments.push("--partial".to_owned());
    }
    arguments.extend(input("working-directory")?.map(|folder| format!("--directory={folder}")));
    for name in OPTIONS {
        arguments.extend(input(name)?.map(|value| format!("--{name}={value}")));
    }
    // Results lie where later steps look for them, whatever the folder to work in.
    let absolute = |file: String| std::path::absolute(&file).unwrap_or_else(|_| file.into());
    arguments.extend(lines("out")?.into_iter().map(|file| format!("--out={}", absolute(file).display())));
    arguments.extend(input("full-out")?.map(|file| format!("--full-out={}", absolute(file).display())));
    arguments.push("--".to_owned());
    arguments.extend(lines("reports")?);
    let mut cli = Cli::try_parse_from(arguments)?;
    for (name, variable) in TOKENS {
        cli.global.tokens.extend(token(name)?.map(|token| (variable, token)));
    }
    Ok(cli)
}

fn bad(name: &str, value: &str, what: &str) -> clap::Error {
    wrong(format!("input `{name}` {what}, but is {}", value.escape_debug()))
}

fn wrong(what: String) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::InvalidValue, what + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Command;

    fn given(inputs: &[(&str, &str)]) -> Result<Cli, clap::Error> {
        from_inputs(&|name| inputs.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_inputs_it_applies_what_the_mapping_file_says() {
        let cli = given(&[("INPUT_REPORTS", ""), ("INPUT_FAIL-ON", ""), ("INPUT_PARTIAL", "false")]).expect("usable");
        let Command::Apply(args) = cli.command else { panic!("{:?}", cli.command) };
        assert!(args.sync.reports.reports.is_empty() && args.sync.fail_on.is_none() && !args.sync.reports.partial);
        assert!(cli.global.tokens.is_empty());
    }

    #[test]
    fn inputs_are_options_and_reports_are_lines() {
        let reports = "\n reports/*.sarif \n--partial\n$(touch x).json\n";
        let inputs = [
            ("INPUT_MODE", "plan"),
            ("INPUT_REPORTS", reports),
            ("INPUT_CONFIG", "--quiet"),
            ("INPUT_FAIL-ON", "high"),
            ("INPUT_WORKING-DIRECTORY", "services/a b"),
            ("INPUT_TOKEN", "s3cret"),
        ];
        let cli = given(&inputs).expect("usable");
        assert!(!format!("{cli:?}").contains("s3cret"));
        assert_eq!(cli.global.config.as_deref(), Some("--quiet".as_ref()));
        assert_eq!(cli.global.directory.as_deref(), Some("services/a b".as_ref()));
        assert!(!cli.global.quiet);
        let Command::Plan(args) = cli.command else { panic!("{:?}", cli.command) };
        assert_eq!(args.sync.reports.reports, ["reports/*.sarif", "--partial", "$(touch x).json"]);
        assert_eq!(args.sync.fail_on, Some(crate::finding::Severity::High));
    }

    #[test]
    fn nothing_of_a_token_is_told_whatever_is_wrong_with_it() {
        for name in ["INPUT_TOKEN", "FINDSYNC_TOKEN", "INPUT_GITHUB-TOKEN", "FINDSYNC_GITHUB_TOKEN"] {
            for value in ["glpat-SuperSecret123\nx", "x\nglpat-SuperSecret123", "glpat-SuperSecret\u{1b}[2J"] {
                let error = given(&[(name, value)]).expect_err(value);
                let told = format!("{error} {error:?}");
                assert!(!told.contains("glpat") && !told.contains("Secret"), "{told}");
                assert!(told.contains("token` must be one line"), "{told}");
            }
            let cli = given(&[(name, " ghp_abc##SECRET\n")]).expect("usable");
            assert_eq!(cli.global.tokens[0].1.expose(), "ghp_abc##SECRET");
        }
    }

    #[test]
    fn what_the_command_line_would_not_take_is_refused() {
        for (name, value) in [
            ("INPUT_MODE", "check"),
            ("INPUT_MODE", "action"),
            ("INPUT_MODE", "--help"),
            ("INPUT_FAIL-ON", "blocker"),
            ("INPUT_PARTIAL", "yes"),
            ("INPUT_TARGET", "a\n::set-output name=opened::9"),
            ("INPUT_REPORTS", "a\u{1b}[2Jb"),
            ("INPUT_CONFIG", "##[add-mask]a"),
        ] {
            let error = given(&[(name, value)]).expect_err(value).to_string();
            assert!(!error.contains("\n::") && !error.contains('\u{1b}'), "{error}");
        }
    }
}
