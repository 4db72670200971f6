//! From logical lines to a tree of lines and blocks, knowing no keyword. So an unknown block can be skipped as a whole.

use alloc::string::String;
use alloc::vec::Vec;

use super::diagnostic::{Span, code, count};
use super::expand::Reader;
use super::lexer::{Text, Word, words};

/// Blocks in blocks.
const MAX_DEPTH: usize = 32;

/// A line, and the block that follows it, if one does.
#[derive(Debug)]
pub struct Node {
    /// Keyword and arguments; never empty.
    pub words: Vec<Word>,
    /// The line before it was cut into words, for script lines.
    pub line: Text,
    /// The place of a quote that nothing closes.
    pub unmatched: Option<Span>,
    /// What lies between braces.
    pub block: Option<Block>,
}

/// What lies between braces.
#[derive(Debug, Default)]
pub struct Block {
    /// Its lines.
    pub nodes: Vec<Node>,
    /// The place of its `{`.
    pub open: Span,
}

impl Node {
    /// The keyword, or the first word of an entry.
    #[must_use]
    pub fn keyword(&self) -> &Word {
        &self.words[0]
    }

    /// The words after the keyword.
    #[must_use]
    pub fn arguments(&self) -> &[Word] {
        &self.words[1..]
    }

    /// The place of the whole line.
    #[must_use]
    pub fn span(&self) -> Span {
        self.line.whole()
    }

    /// A `}` that closes nothing.
    #[must_use]
    pub fn is_stray_close(&self) -> bool {
        self.words[0].text == "}" && self.line.text == "}"
    }
}

/// Reads everything. Braces that do not match are reported.
pub fn build(reader: &mut Reader<'_>) -> Vec<Node> {
    let mut open: Vec<Block> = Vec::new();
    let mut current = Block::default();
    while let Some(piece) = reader.next_piece() {
        match piece.text.as_str() {
            "{" => {
                let place = piece.whole();
                if current.nodes.last().is_none_or(|n| n.block.is_some() || n.is_stray_close()) {
                    reader
                        .out()
                        .add(code::UNEXPECTED_OPEN, place, "unexpected `{`")
                        .label("no keyword before it");
                    current.nodes.push(nameless(piece));
                }
                if open.len() >= MAX_DEPTH {
                    reader.out().add(code::TOO_LARGE, place, "blocks are nested too deeply");
                    break;
                }
                open.push(core::mem::replace(
                    &mut current,
                    Block { open: place, ..Block::default() },
                ));
            }
            "}" => match open.pop() {
                Some(outer) => close(&mut current, outer),
                None => {
                    reader
                        .out()
                        .add(code::UNEXPECTED_CLOSE, piece.whole(), "unexpected `}`")
                        .label("no block is open here");
                    current.nodes.push(node(piece));
                }
            },
            _ => {
                let node = node(piece);
                if !node.words.is_empty() {
                    current.nodes.push(node);
                }
            }
        }
    }
    let missing = open.len();
    while let Some(outer) = open.pop() {
        if open.is_empty() {
            reader
                .out()
                .add(
                    code::MISSING_CLOSE,
                    current.open,
                    alloc::format!("{} at the end", count(missing, "missing `}`")),
                )
                .label("this block is never closed");
        }
        close(&mut current, outer);
    }
    current.nodes
}

fn close(current: &mut Block, outer: Block) {
    let block = core::mem::replace(current, outer);
    if let Some(node) = current.nodes.last_mut() {
        node.block = Some(block);
    }
}

fn node(line: Text) -> Node {
    let (words, unmatched) = words(&line);
    Node { words, line, unmatched, block: None }
}

/// Holds a block that has no keyword.
fn nameless(line: Text) -> Node {
    let word = Word { text: String::new(), span: line.whole() };
    Node { words: alloc::vec![word], line, unmatched: None, block: None }
}
