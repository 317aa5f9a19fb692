//! What need not be written in a mapping file because the CI tells it.
use findsync::config::{Config, Credential, TrackerKind};

use crate::world::{World, azure, git, github, gitlab};

#[test]
fn without_a_mapping_file_issues_go_where_the_ci_works() {
    let told = |config: &Config| {
        let (instance, mapping) = (&config.instances[0], &config.mappings[0]);
        (instance.kind, instance.location.clone(), mapping.project.name.clone(), instance.credential.clone())
    };
    let (kind, location, project, credential) = told(&github().config());
    assert_eq!((kind, location.as_str(), project.as_str()), (TrackerKind::GitHub, "https://github.com/acme", "shop"));
    assert!(matches!(credential, Credential::Token(token) if token.expose() == "ghs_job"));
    assert_eq!(github().config().instances[0].graphql_url.as_deref(), Some("https://api.github.com/graphql"));

    let (kind, location, project, credential) = told(&gitlab().config());
    assert_eq!((kind, location.as_str()), (TrackerKind::GitLab, "https://git.acme.io/lab"));
    assert_eq!(project, "acme/web/shop");
    assert!(matches!(credential, Credential::JobToken(_)));

    let (kind, location, project, credential) = told(&azure().config());
    assert_eq!((kind, location.as_str()), (TrackerKind::AzureDevOps, "https://dev.azure.com/acme"));
    assert_eq!(project, "My Shop");
    assert!(matches!(credential, Credential::Bearer(_)));

    for world in [github(), gitlab(), azure()] {
        let credential = world.set("FINDSYNC_TOKEN", "own").config().instances[0].credential.clone();
        assert!(matches!(credential, Credential::Token(token) if token.expose() == "own"));
    }
    let jwt = azure().set("FINDSYNC_TOKEN", "eyJh.eyJi.c").config().instances[0].credential.clone();
    assert!(matches!(jwt, Credential::Bearer(_)));
    let unset = azure().set("SYSTEM_ACCESSTOKEN", "$(System.AccessToken)").config();
    assert_eq!(unset.instances[0].credential, Credential::None);
    assert!(World::default().config().mappings.is_empty());
    assert_eq!(git("ref: refs/heads/main").set("GITHUB_TOKEN", "x").config().instances[0].credential, Credential::None);
}

#[test]
fn a_written_instance_takes_from_the_ci_what_it_leaves_out() {
    let config = github().parse("instances: [{label: a, type: github}]\nmappings: [{labels: [x]}]");
    let instance = &config.instances[0];
    assert_eq!(instance.location, "https://github.com/acme");
    assert_eq!(instance.api_url.as_deref(), Some("https://api.github.com"));
    assert!(matches!(&instance.credential, Credential::Token(token) if token.expose() == "ghs_job"));
    assert_eq!((config.mappings[0].label.as_str(), config.mappings[0].project.name.as_str()), ("shop", "shop"));
    // No instances at all, and no mappings at all.
    let config = gitlab().parse("mappings: [{labels: [x]}]");
    assert_eq!(config.mappings[0].project.name, "acme/web/shop");
    let config = azure()
        .parse("decisions: [{match: {id: CVE-1}, status: false_positive}]\nroutes: [{when: {min_severity: high}}]");
    assert_eq!((config.mappings[0].project.name.as_str(), config.routes[0].mapping), ("My Shop", 0));
}

#[test]
fn the_cis_token_goes_to_no_other_server() {
    let credential = |world: World, instance: &str| {
        world.parse(&format!("instances: [{instance}]")).instances.into_iter().map(|i| i.credential).collect::<Vec<_>>()
    };
    for (world, instance) in [
        (github(), "{label: a, type: github, location: https://github.acme.io/acme}"),
        (github(), "{label: a, type: gitlab, location: https://github.com}"),
        (github(), "{label: a, type: github, location: 'https://github.com:8443/acme'}"),
        (gitlab(), "{label: a, type: gitlab, location: https://git.acme.io/other}"),
        (github(), "{label: a, type: gitlab}"),
        (gitlab(), "{label: a, type: gitlab, api_url: https://evil.io/api/v4}"),
        (azure(), "{label: a, type: azure_devops, location: https://dev.azure.com/other}"),
        (azure(), "{label: a, type: azure_devops, location: https://acme.visualstudio.com.evil.io/acme}"),
    ] {
        assert_eq!(credential(world, instance), [Credential::None], "{instance}");
    }
    let same = "{label: a, type: azure_devops, location: https://acme.visualstudio.com}";
    assert!(matches!(&credential(azure(), same)[..], [Credential::Bearer(_)]));
    // Our own token may go to the only instance there is, else only where the CI is.
    let own = || github().set("FINDSYNC_TOKEN", "own");
    let two = "{label: a, type: github, location: https://github.com/acme}, {label: b, type: gitlab}";
    assert!(matches!(&credential(own(), two)[..], [Credential::Token(_), Credential::None]));
    assert!(matches!(&credential(own(), "{label: b, type: gitlab}")[..], [Credential::Token(_)]));
}

#[test]
fn merge_requests_take_the_token_that_only_reads() {
    let exposed = |config: &Config| match &config.instances[0].credential {
        Credential::Token(token) => token.expose().to_owned(),
        other => format!("{other:?}"),
    };
    let both = || gitlab().set("FINDSYNC_TOKEN", "writes").set("FINDSYNC_READ_TOKEN", "reads");
    let request = || both().set("CI_PIPELINE_SOURCE", "merge_request_event").set("CI_MERGE_REQUEST_IID", "7");
    let written =
        "instances: [{label: a, type: gitlab, location: https://git.acme.io/lab, token: '${FINDSYNC_TOKEN}'}]";
    for (world, token) in
        [(both(), "writes"), (request(), "reads"), (both().set("CI_PIPELINE_SOURCE", "trigger"), "reads")]
    {
        assert_eq!(exposed(&world.config()), token);
        assert_eq!(exposed(&world.parse(written)), token);
    }
    // A protected token is empty in merge requests.
    assert_eq!(exposed(&request().set("FINDSYNC_TOKEN", "").parse(written)), "reads");
    let elsewhere = "instances: [{label: a, type: gitlab, location: https://evil.io}]";
    assert_eq!(request().parse(elsewhere).instances[0].credential, Credential::None);
}

#[test]
fn the_name_of_a_tokens_variable_tells_how_it_is_sent() {
    let job = gitlab()
        .parse("instances: [{label: a, type: gitlab, location: https://git.acme.io/lab, token: '${CI_JOB_TOKEN}'}]");
    assert!(matches!(job.instances[0].credential, Credential::JobToken(_)));
    let azure = azure().parse("instances: [{label: a, type: azure_devops, token: '${SYSTEM_ACCESSTOKEN}'}]");
    assert!(matches!(azure.instances[0].credential, Credential::Bearer(_)));
}

#[test]
fn a_folder_takes_the_place_of_trackers() {
    let local = Config::local("issues");
    assert_eq!((local.instances[0].kind, local.instances[0].location.as_str()), (TrackerKind::Local, "issues"));
    assert_eq!(local.mappings.len(), 1);
    let config = github()
        .parse("mappings: [{label: a, repository: x, labels: [security]}, {label: b, repository: y}]\nroutes: [{mapping: b}]")
        .into_local("issues");
    assert_eq!((config.instances.len(), config.mappings.len(), config.routes[0].mapping), (1, 1, 0));
    assert_eq!(config.mappings[0].labels, ["security"]);
    assert_eq!(config.mappings[0].severity.field, "severity");
}
