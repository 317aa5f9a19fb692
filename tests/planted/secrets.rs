//! Secrets, made from a seed.

/// Secrets of a seed.
pub(crate) const COUNT: usize = 200;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Kinds by their beginning, alphabet, length and end. What begins with nothing is known by its name only.
const KINDS: [(&str, &str, usize, &str); 40] = [
    ("AKIA", BASE32, 16, ""),
    ("ASIA", BASE32, 16, ""),
    ("ghp_", LETTERS, 36, ""),
    ("gho_", LETTERS, 36, ""),
    ("ghs_", LETTERS, 36, ""),
    ("github_pat_", LETTERS, 82, ""),
    ("glpat-", LETTERS, 20, ""),
    ("gldt-", LETTERS, 20, ""),
    ("xoxb-", LETTERS, 40, ""),
    ("xoxp-", LETTERS, 60, ""),
    ("https://hooks.slack.com/services/T0/B0/", LETTERS, 24, ""),
    ("sk_live_", LETTERS, 24, ""),
    ("rk_live_", LETTERS, 24, ""),
    ("whsec_", LETTERS, 32, ""),
    ("AIza", LETTERS, 35, ""),
    ("ya29.", LETTERS, 60, ""),
    ("GOCSPX-", LETTERS, 28, ""),
    ("npm_", LETTERS, 36, ""),
    ("pypi-", LETTERS, 100, ""),
    ("dckr_pat_", LETTERS, 27, ""),
    ("hvs.", LETTERS, 90, ""),
    ("SG.", LETTERS, 60, ""),
    ("sk-ant-", LETTERS, 90, ""),
    ("sk-proj-", LETTERS, 48, ""),
    ("hf_", LETTERS, 34, ""),
    ("shpat_", HEX, 32, ""),
    ("dop_v1_", HEX, 64, ""),
    ("lin_api_", LETTERS, 40, ""),
    ("glsa_", LETTERS, 41, ""),
    ("NRAK-", LETTERS, 27, ""),
    ("sq0csp-", LETTERS, 43, ""),
    ("PMAK-", HEX, 59, ""),
    ("eyJhbGciOiJIUzI1NiJ9.eyJ", LETTERS, 60, ""),
    ("-----BEGIN RSA PRIVATE KEY-----\n", LETTERS, 200, "\n-----END RSA PRIVATE KEY-----"),
    ("mongodb://app:", LETTERS, 16, "@db.example.org/shop"),
    ("postgres://root:", LETTERS, 12, "@db.example.org/shop"),
    ("", LETTERS, 40, ""),
    ("", LETTERS, 12, ""),
    ("", HEX, 32, ""),
    ("", LETTERS, 24, ""),
];

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        let letter =
            |random: &mut Self| char::from(letters[usize::try_from(random.next() % letters.len() as u64).unwrap()]);
        (0..length).map(|_| letter(self)).collect()
    }
}

/// A secret: all of it, the part that nobody may read, and whether it tells by itself that it is one.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) whole: String,
    pub(crate) inner: String,
    pub(crate) tells: bool,
}

fn secret(random: &mut Random, at: usize) -> Secret {
    let (start, alphabet, length, end) = KINDS[at % KINDS.len()];
    let mut inner = random.text(alphabet, length);
    if start.is_empty() {
        // People's passwords have a digit in them.
        inner.replace_range(3..4, "7");
    }
    Secret { whole: format!("{start}{inner}{end}"), inner, tells: !start.is_empty() }
}

/// All secrets of a seed: five of each kind.
pub(crate) fn secrets(seed: u64) -> Vec<Secret> {
    let mut random = Random(seed);
    (0..COUNT).map(|at| secret(&mut random, at)).collect()
}
