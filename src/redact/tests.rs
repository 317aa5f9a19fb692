use super::*;

#[test]
fn takes_out_what_has_a_credentials_form() {
    // Put together here, so that no scanner takes this file for a leak.
    let token = |start: &str| format!("{start}{}", "4fT9xQ2mZ7kLw8RbVn3cYd6HgJs5PaEu1KtXo0Bq");
    for start in ["ghp_", "glpat-", "sk_live_", "xoxb-", "npm_", "AKIA", "hvs.", "SG.", "shpat_", "AIza", "dckr_pat_"] {
        let secret = token(start);
        let clean = text(&format!("found {secret} here"), Care::Certain).into_owned();
        assert_eq!(clean, "found [secret] here", "{start}");
        assert_eq!(text(&format!("k=\"{secret}\""), Care::Certain), "k=\"[secret]\"", "{start}");
    }
    for (shown, clean) in [
        ("mongodb://app:p%40ss-w0rd@db.example/shop", "mongodb://[secret]@db.example/shop"),
        ("redis://:hunter2/x@cache.example:6379", "redis://[secret]@cache.example:6379"),
        ("https://a.example:8443/b@c", "https://a.example:8443/b@c"),
        ("ssh://git@github.com/acme/shop", "ssh://git@github.com/acme/shop"),
        ("https://a/cb#access_token=s3cr3t&x=1", "https://a/cb#access_token=[secret]&x=1"),
        ("https://a/b?%74oken=s3cr3t?x=1.", "https://a/b?%74oken=[secret]."),
        ("https://a/b?next=https%3A%2F%2Fc%2Fd%3Ftoken%3Ds3cr3t&e=f", "https://a/b?next=[secret]&e=f"),
        ("https://a/b?next=https%3A%2F%2Fc%2Fd%3Fe%3Df", "https://a/b?next=https%3A%2F%2Fc%2Fd%3Fe%3Df"),
        ("https://a/b;jsessionid=A1B2?c=d", "https://a/b;jsessionid=[secret]?c=d"),
        ("https://a/(S(lit3py55t21z5v55))/b", "https://a/(S([secret]))/b"),
        ("SECRET_KEY = 'django-x!5'", "SECRET_KEY = '[secret]'"),
        ("{\"api_key\": \"abc1\"}", "{\"api_key\": \"[secret]\"}"),
        ("PASSWORD: hunter2!", "PASSWORD: [secret]"),
        ("password: required", "password: required"),
        ("password=${DB_PASSWORD}", "password=${DB_PASSWORD}"),
        ("Authorization: Basic YWRtaW46aHVudGVyMg==", "Authorization: Basic [secret]"),
        ("Set-Cookie: PHPSESSID=abc; Path=/; HttpOnly", "Set-Cookie: PHPSESSID=[secret]; Path=/; HttpOnly"),
        ("Cookie: a=b; c=d\nHost: e", "Cookie: a=[secret]; c=[secret]\nHost: e"),
        ("card 4111 1111 1111 1111.", "card [secret]."),
        ("pid 4111111111111112", "pid 4111111111111112"),
        ("x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y", "x [secret] y"),
        ("x -----BEGIN PRIVATE KEY-----\\nabc", "x [secret]"),
        ("x -----begin rsa private key-----\nabc\n-----end rsa private key----- y", "x [secret] y"),
        ("uses ya29.Z2CXQmfFDVJP", "uses [secret]"),
        ("ya29.sub is a word", "ya29.sub is a word"),
        ("x -----BEGIN PUBLIC KEY----- y", "x -----BEGIN PUBLIC KEY----- y"),
    ] {
        assert_eq!(text(shown, Care::Certain), clean, "{shown}");
    }
}

#[test]
fn words_that_machines_make_are_taken_out_and_those_of_people_stay() {
    for word in
        ["wJalrXUtnFEMIK7MDENGbPxRfiCY5E6qLp", "aB3/dE5+gH7iJ9kL1mN3oP5qR7sT9uV1wX3yZ5", "k3j4h5g6f7d8s9a0q1w2e3r4"]
    {
        assert_eq!(text(&format!("value {word} found"), Care::Likely), "value [secret] found", "{word}");
    }
    for word in [
        "com.fasterxml.jackson.databind.ObjectMapper",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "java.lang.security.audit.crypto.use-of-md5.use-of-md5",
        "node_modules/@babel/plugin-transform-modules-commonjs/lib/index.js",
        "AzureStorageAccountPublicNetworkAccessDisabled",
        "CWE-798/CVE-2021-23337/GHSA-35jh-r3h4-6jhm",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "2024-01-02T03:04:05.678901+00:00",
        "ensure-that-the-api-server-audit-log-maxage-argument-is-set-to-30",
    ] {
        assert_eq!(text(word, Care::Likely), word, "{word}");
    }
}

#[test]
fn what_is_about_a_credential_keeps_nothing_that_is_quoted_or_assigned() {
    for (shown, clean) in [
        ("Possible hardcoded password: 'hunter2'", "Possible hardcoded password: '[secret]'"),
        ("found AWS Access Key ID: qwertzuiop", "found AWS Access Key ID: [secret]"),
        ("The value \"abc\" is used as password.", "The value \"[secret]\" is used as password."),
        ("'password' detected in this expression", "'password' detected in this expression"),
        ("see CWE-798 and https://example.org/a1", "see CWE-798 and https://example.org/a1"),
        ("logged in with admin username: a password: b1b2", "logged in with admin username: a password: [secret]"),
    ] {
        assert_eq!(text(shown, Care::Strict), clean, "{shown}");
    }
}

#[test]
fn masking_twice_changes_nothing() {
    for shown in [
        "https://u:p@a/b;jsessionid=x?token=y#z",
        "Cookie: a=b; c=d",
        "password: 'abc1'",
        "Authorization: Bearer x1x1x1x1",
    ] {
        let once = text(shown, Care::Strict).into_owned();
        assert_eq!(text(&once, Care::Strict), once);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_looked_at(shown in "(?s)([a-zA-Z0-9+/]{0,30}|[:=?&;#@'\"` \n/(\\\\-]|://|é|password|-----BEGIN (RSA PRIVATE KEY|CERTIFICATE)-----|.){0,24}") {
        for care in [Care::Certain, Care::Likely, Care::Strict] {
            let clean = text(&shown, care).into_owned();
            proptest::prop_assert!(clean == shown || clean.contains(MASK));
        }
    }
}

#[test]
fn values_in_values_without_end_take_no_time() {
    let begun = std::time::Instant::now();
    for piece in [
        "?a=",
        "://",
        "?token=",
        "?a=%",
        "?a=%2520",
        "eyJ",
        "eyJ.",
        "ghp_",
        "/(S(",
        "Cookie:a=b;",
        "token: bearer ",
        "bearer ",
        "token = token = ",
        "-----BEGIN RSA PRIVATE KEY-----",
        "password=",
        "password=\"\\",
        "?a=)",
        "://@",
        "a:b@",
        "x=://a:b@c&",
        "$2a$",
        "-eyJ-",
        "ghs_=",
        "ghp_.",
        "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----",
        "-----",
        " ",
        "a: \n",
        "password: \n",
        "'\"`",
    ] {
        let text = piece.repeat((1 << 16) / piece.len());
        for care in [Care::Certain, Care::Likely, Care::Strict] {
            let _masked = self::text(&text, care);
        }
        let _all = credentials(&text).count() + found(&text, Care::Strict).count();
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn a_long_value_is_one() {
    let text = format!("https://u:p@h.example/?a={}&token=abc#k", "%68ttps://x.example/?token=secret-".repeat(4000));
    let clean = self::text(&text, Care::Certain);
    assert!(clean.len() < 100 && !clean.contains("secret-"), "{clean}");
}
