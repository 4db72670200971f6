//! Lines in keepalived's layout: one blank before an object, three before its fields, five before what a list holds.

use std::fmt::Display;

/// A dump that is written.
#[derive(Debug, Default)]
pub struct Page {
    /// What it says so far.
    pub text: String,
}

impl Page {
    /// `------< TITLE >------`
    pub fn section(&mut self, title: &str) {
        self.line(0, &format!("------< {title} >------"));
    }

    /// A line behind so many blanks.
    pub fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// An object.
    pub fn object(&mut self, key: &str, value: impl Display) {
        self.line(1, &format!("{key} = {value}"));
    }

    /// One of its fields.
    pub fn field(&mut self, key: &str, value: impl Display) {
        self.line(3, &format!("{key} = {value}"));
    }

    /// A list, unless there is nothing in it.
    pub fn list(&mut self, title: &str, entries: impl IntoIterator<Item = String>) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_some() {
            self.line(3, title);
        }
        entries.for_each(|entry| self.line(5, &entry));
    }
}
