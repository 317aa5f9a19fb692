//! WIQL, as much as Azure DevOps would let through: a query that it refuses is refused here.

use serde_json::Value;

use super::world::{Item, World};

/// A parsed query.
#[derive(Debug)]
pub(crate) struct Query {
    filter: Expr,
    order: Vec<(String, bool)>,
}

#[derive(Debug)]
enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Is { field: String, op: String, values: Vec<Operand> },
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Text(String),
    Number(i64),
    Macro(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Field(String),
    Value(Operand),
    Sign(String),
}

/// Long fields that can only be searched for words.
const LONG: [&str; 4] = ["plainText", "html", "history", "treePath"];

fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '[' {
            chars.next();
            let name: String = chars.by_ref().take_while(|&c| c != ']').collect();
            tokens.push(Token::Field(name));
        } else if c == '\'' {
            chars.next();
            let mut value = String::new();
            loop {
                match chars.next() {
                    Some('\'') if chars.peek() == Some(&'\'') => {
                        chars.next();
                        value.push('\'');
                    }
                    Some('\'') => break,
                    Some(c) => value.push(c),
                    None => return Err("TF51006: The query statement is missing a closing quotation mark.".to_owned()),
                }
            }
            tokens.push(Token::Value(Operand::Text(value)));
        } else if c == '@' {
            chars.next();
            let mut name = String::new();
            while let Some(&c) = chars.peek().filter(|c| c.is_alphanumeric()) {
                name.push(c);
                chars.next();
            }
            tokens.push(Token::Value(Operand::Macro(name.to_lowercase())));
        } else if c.is_ascii_digit() || c == '-' {
            let mut number = String::new();
            while let Some(&c) = chars.peek().filter(|c| c.is_ascii_digit() || **c == '-') {
                number.push(c);
                chars.next();
            }
            tokens.push(Token::Value(Operand::Number(number.parse().map_err(|_| bad(&number))?)));
        } else if c.is_alphabetic() {
            let mut word = String::new();
            while let Some(&c) = chars.peek().filter(|c| c.is_alphanumeric() || **c == '.') {
                word.push(c);
                chars.next();
            }
            tokens.push(Token::Word(word.to_lowercase()));
        } else {
            chars.next();
            let mut sign = c.to_string();
            if matches!((c, chars.peek()), ('<', Some('>' | '=')) | ('>', Some('='))) {
                sign.extend(chars.next());
            }
            tokens.push(Token::Sign(sign));
        }
    }
    Ok(tokens)
}

fn bad(near: &str) -> String {
    format!("TF51006: The query statement has an incorrect syntax near «{near}».")
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    world: &'a World,
}

impl Parser<'_> {
    fn word(&mut self, word: &str) -> bool {
        let there = self.tokens.peek() == Some(&Token::Word(word.to_owned()));
        if there {
            self.tokens.next();
        }
        there
    }

    fn sign(&mut self, sign: &str) -> bool {
        let there = self.tokens.peek() == Some(&Token::Sign(sign.to_owned()));
        if there {
            self.tokens.next();
        }
        there
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.word(word) { Ok(()) } else { Err(bad(&format!("{:?}, expected {word}", self.tokens.peek()))) }
    }

    fn field(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Field(name) | Token::Word(name)) if self.world.field(&name).is_some() => Ok(name),
            Some(Token::Field(name) | Token::Word(name)) => Err(format!(
                "TF51005: The query references a field that does not exist. The error is caused by «[{name}]»."
            )),
            other => Err(bad(&format!("{other:?}"))),
        }
    }

    fn any(&mut self) -> Result<Expr, String> {
        let mut left = self.all()?;
        while self.word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Expr, String> {
        let mut left = self.one()?;
        while self.word("and") {
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr, String> {
        if self.word("not") {
            return Ok(Expr::Not(Box::new(self.one()?)));
        }
        if self.sign("(") {
            let inside = self.any()?;
            return if self.sign(")") { Ok(inside) } else { Err(bad("a missing bracket")) };
        }
        let field = self.field()?;
        let negated = self.word("not");
        let op = match self.tokens.next() {
            Some(Token::Word(op)) if ["in", "contains", "under"].contains(&op.as_str()) => op,
            Some(Token::Sign(op)) if !negated && ["=", "<>", "<", ">", "<=", ">="].contains(&op.as_str()) => op,
            other => return Err(bad(&format!("{other:?}"))),
        };
        let mut values = Vec::new();
        if op == "in" {
            if !self.sign("(") {
                return Err(bad("in"));
            }
            loop {
                values.push(self.value()?);
                if !self.sign(",") {
                    break;
                }
            }
            if !self.sign(")") {
                return Err(bad("in"));
            }
        } else {
            values.push(self.value()?);
        }
        self.fits(&field, &op, &values)?;
        let is = Expr::Is { field, op, values };
        Ok(if negated { Expr::Not(Box::new(is)) } else { is })
    }

    fn value(&mut self) -> Result<Operand, String> {
        match self.tokens.next() {
            Some(Token::Value(Operand::Macro(name))) if !["project", "me"].contains(&name.as_str()) => {
                Err(format!("TF51006: the macro @{name} is not known"))
            }
            Some(Token::Value(value)) => Ok(value),
            other => Err(bad(&format!("{other:?}"))),
        }
    }

    /// Whether the operator and the values are such that the field can take.
    fn fits(&self, field: &str, op: &str, values: &[Operand]) -> Result<(), String> {
        let kind = self.world.field(field).map(|f| f.kind).unwrap_or_default();
        let wrong = || Err(format!("TF51011: The operator or the value cannot be used with the field [{field}]."));
        let long = LONG.contains(&kind.as_str());
        match op {
            "contains" if long || kind == "string" => {}
            "under" if kind == "treePath" => {}
            "contains" | "under" => return wrong(),
            _ if long && kind != "treePath" => return wrong(),
            "<" | ">" | "<=" | ">=" if kind == "string" => return wrong(),
            _ => {}
        }
        let number = kind == "integer" || kind == "double";
        if values.iter().any(|value| matches!(value, Operand::Number(_)) != number) { wrong() } else { Ok(()) }
    }
}

impl Query {
    /// Reads a query, or says why Azure would refuse it.
    pub(crate) fn parse(text: &str, world: &World) -> Result<Self, String> {
        if text.len() > 32_000 {
            return Err("VS402339: the query is longer than 32,000 characters".to_owned());
        }
        let mut parser = Parser { tokens: lex(text)?.into_iter().peekable(), world };
        parser.expect("select")?;
        parser.field()?;
        while parser.sign(",") {
            parser.field()?;
        }
        parser.expect("from")?;
        parser.expect("workitems")?;
        parser.expect("where")?;
        let filter = parser.any()?;
        let mut order = Vec::new();
        if parser.word("order") {
            parser.expect("by")?;
            loop {
                let field = parser.field()?;
                let descending = !parser.word("asc") && parser.word("desc");
                order.push((field, descending));
                if !parser.sign(",") {
                    break;
                }
            }
        }
        match parser.tokens.next() {
            None => Ok(Self { filter, order }),
            Some(token) => Err(bad(&format!("{token:?}"))),
        }
    }

    /// The ids that it finds.
    pub(crate) fn run(&self, world: &World, project: Option<&str>, me: &str) -> Result<Vec<u64>, String> {
        let mut ids = Vec::new();
        for item in world.items.values().filter(|item| !item.deleted) {
            if self.filter.holds(item, project, me)? {
                ids.push(item.id);
            }
        }
        if let Some((field, true)) = self.order.first()
            && field.eq_ignore_ascii_case("System.Id")
        {
            ids.reverse();
        }
        if let Some((field, true)) = self.order.first()
            && field.eq_ignore_ascii_case("System.ChangedDate")
        {
            ids.sort_by_key(|id| std::cmp::Reverse((world.items[id].text("System.ChangedDate").to_owned(), *id)));
        }
        Ok(ids)
    }
}

impl Expr {
    fn holds(&self, item: &Item, project: Option<&str>, me: &str) -> Result<bool, String> {
        Ok(match self {
            Self::And(a, b) => a.holds(item, project, me)? && b.holds(item, project, me)?,
            Self::Or(a, b) => a.holds(item, project, me)? || b.holds(item, project, me)?,
            Self::Not(a) => !a.holds(item, project, me)?,
            Self::Is { field, op, values } => {
                let mut found = false;
                for value in values {
                    let wanted = match value {
                        Operand::Text(text) => Value::from(text.as_str()),
                        Operand::Number(number) => Value::from(*number),
                        Operand::Macro(name) if name == "me" => Value::from(me),
                        Operand::Macro(_) => {
                            Value::from(project.ok_or("TF51000: @project needs a project in the address".to_owned())?)
                        }
                    };
                    found |= compare(item, field, op, &wanted);
                }
                found
            }
        })
    }
}

fn compare(item: &Item, field: &str, op: &str, wanted: &Value) -> bool {
    let actual = item.value(field);
    if let (Some(actual), Some(wanted)) = (actual.as_i64(), wanted.as_i64()) {
        return match op {
            "<" => actual < wanted,
            ">" => actual > wanted,
            "<=" => actual <= wanted,
            ">=" => actual >= wanted,
            "<>" => actual != wanted,
            _ => actual == wanted,
        };
    }
    let name = actual.get("uniqueName").unwrap_or(&actual);
    let (actual, wanted) =
        (name.as_str().unwrap_or_default().to_lowercase(), wanted.as_str().unwrap_or_default().to_lowercase());
    match op {
        "contains" if field.eq_ignore_ascii_case("System.Tags") => actual.split("; ").any(|tag| tag == wanted),
        "contains" => actual.contains(&wanted),
        "under" => actual == wanted || actual.starts_with(&format!("{wanted}\\")),
        "<>" => actual != wanted,
        _ => actual == wanted,
    }
}
