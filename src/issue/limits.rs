//! What a tracker can hold, and in which markup it wants text.

/// The markup of bodies and comments. It decides escaping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// GitHub-flavoured Markdown, with `@name`, `#1` and closing keywords.
    GitHub,
    /// GitLab-flavoured Markdown, with quick actions and more references.
    GitLab,
    /// Azure DevOps: HTML.
    Html,
    /// Plain CommonMark in a file.
    CommonMark,
}

/// What a tracker can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest title, in characters.
    pub title: usize,
    /// Longest body, in characters, stamp included where it is in the body.
    pub body: usize,
    /// Longest comment, in characters.
    pub comment: usize,
    /// Longest encoded stamp, in characters.
    pub stamp: usize,
    /// Whether the stamp stands in the body; else the tracker keeps `New::stamp` and `Edit::stamp` where they survive.
    pub stamp_in_body: bool,
    /// Whether a write can name the revision it is based on, so that it fails where somebody was faster.
    pub conditional_writes: bool,
    /// Whether the tracker can keep single issues from everybody's eyes.
    pub confidential: bool,
    /// The markup of bodies and comments.
    pub markup: Markup,
    /// How many writes may be under way at once.
    pub concurrency: usize,
}
