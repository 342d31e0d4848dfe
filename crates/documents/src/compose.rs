//! Where on which page everything stands, and in which order it is read. Nothing is drawn here: the first page says how many
//! there are.

use crate::{
    sheet::{Column, Fit, Party, Sheet, Sum},
    typeset::{Fonts, Run, Typeface, Weight},
};
use domain::money::Locale;
use krilla::tagging::{TableHeaderScope, Tag, TagKind};
use std::{mem, num::NonZeroU16};

/// In points, as all lengths here.
const MARGIN: f32 = 54.0;
const A4: (f32, f32) = (595.28, 841.89);
const LETTER: (f32, f32) = (612.0, 792.0);
const FOOTER_HEIGHT: f32 = 24.0;
/// Of the column in which the sender stands.
const SENDER_WIDTH: f32 = 190.0;
/// Where the values of facts begin.
const FACT_INDENT: f32 = 70.0;
const SUMS_WIDTH: f32 = 230.0;
const COLUMN_GAP: f32 = 16.0;
/// However wide the figures are, words keep this much.
const REST_MIN: f32 = 100.0;
const CELL_PAD: f32 = 6.0;
/// Of its size: a line, and where in it the letters stand.
const LEADING: f32 = 1.4;
const ASCENT: f32 = 1.05;

const INK: Colour = Colour(24, 30, 42);
const GREY: Colour = Colour(88, 97, 112);
const ACCENT: Colour = Colour(37, 78, 178);

const HEADING: Style = Style { weight: Weight::SemiBold, size: 25.0, colour: INK };
const LEAD: Style = Style { weight: Weight::SemiBold, size: 17.0, colour: INK };
const NAME: Style = Style { weight: Weight::SemiBold, size: 11.0, colour: INK };
const STRONG: Style = Style { weight: Weight::SemiBold, size: 10.0, colour: INK };
const BODY: Style = Style { weight: Weight::Regular, size: 9.5, colour: INK };
const QUIET: Style = Style { colour: GREY, ..BODY };
const LINK: Style = Style { colour: ACCENT, ..BODY };
const LABEL: Style = Style { weight: Weight::SemiBold, size: 8.5, colour: GREY };
const FOOT: Style = Style { weight: Weight::Regular, size: 8.0, colour: GREY };

#[derive(Clone, Copy)]
pub(crate) struct Colour(pub u8, pub u8, pub u8);

#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub weight: Weight,
    pub size: f32,
    pub colour: Colour,
}

impl Style {
    fn leading(self) -> f32 {
        self.size * LEADING
    }
}

pub(crate) struct Composition {
    pub size: (f32, f32),
    pub pages: usize,
    pub marks: Vec<Mark>,
    /// In the order of reading.
    pub tree: Vec<Branch>,
}

/// Something on a page.
pub(crate) struct Mark {
    pub page: usize,
    /// From the page's top left corner; of words, where their letters stand.
    pub x: f32,
    pub y: f32,
    pub ink: Ink,
    pub role: Role,
    /// Where it leads to.
    pub link: Option<String>,
}

pub(crate) enum Ink {
    Words(Run, Style),
    /// A hairline this long.
    Rule(f32),
}

/// What it is to somebody who cannot see it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Content,
    /// It comes again on each page.
    Repeated,
    Ornament,
}

/// A part of what is read; words are the place of their mark.
pub(crate) enum Branch {
    Group(TagKind, Vec<Branch>),
    Words(usize),
}

fn group(tag: impl Into<TagKind>, parts: Vec<Branch>) -> Branch {
    Branch::Group(tag.into(), parts)
}

pub(crate) fn compose(fonts: &Fonts, sheet: &Sheet) -> Composition {
    let size = if sheet.locale == Locale::EnUs { LETTER } else { A4 };
    let mut composer = Composer { fonts, size, page: 0, y: MARGIN, marks: Vec::new() };
    let mut tree = composer.header(sheet);
    tree.push(composer.table(&sheet.columns, &sheet.rows));
    tree.push(composer.sums(&sheet.sums));
    tree.extend(composer.notes(&sheet.notes));
    composer.footers(sheet);
    Composition { size, pages: composer.page + 1, marks: composer.marks, tree }
}

struct Composer<'a> {
    fonts: &'a Fonts,
    size: (f32, f32),
    page: usize,
    /// Where the next line begins.
    y: f32,
    marks: Vec<Mark>,
}

impl<'a> Composer<'a> {
    fn face(&self, style: Style) -> &'a Typeface {
        self.fonts.of(style.weight)
    }

    fn width(&self) -> f32 {
        self.size.0 - 2.0 * MARGIN
    }

    /// Goes on to the next page where this much does not fit, and says whether it did.
    fn make_room(&mut self, height: f32) -> bool {
        let is_full = self.y + height > self.size.1 - MARGIN - FOOTER_HEIGHT;
        if is_full {
            self.page += 1;
            self.y = MARGIN;
        }
        is_full
    }

    fn mark(&mut self, x: f32, y: f32, ink: Ink, role: Role) -> usize {
        self.marks.push(Mark { page: self.page, x, y, ink, role, link: None });
        self.marks.len() - 1
    }

    fn rule(&mut self, x: f32, width: f32) {
        self.mark(x, self.y, Ink::Rule(width), Role::Ornament);
    }

    /// A line of its own.
    fn line(&mut self, x: f32, run: Run, style: Style, role: Role) -> Branch {
        let y = self.y + style.size * ASCENT;
        self.y += style.leading();
        Branch::Words(self.mark(x, y, Ink::Words(run, style), role))
    }

    /// As many lines as it takes, on as many pages.
    fn block(&mut self, x: f32, width: f32, text: &str, style: Style) -> Vec<Branch> {
        let mut lines = Vec::new();
        for run in self.face(style).wrap(text, style.size, width) {
            self.make_room(style.leading());
            lines.push(self.line(x, run, style, Role::Content));
        }
        lines
    }

    /// A word, and beside it what belongs to it: where each begins, and how it looks.
    fn pair(&mut self, (label, x, style): (&str, f32, Style), (run, at, look): (Run, f32, Style)) -> [Branch; 2] {
        let top = self.y;
        let label = self.face(style).shape(&format!("{label} "));
        let label = self.line(x, label, style, Role::Content);
        self.y = top;
        [label, self.line(at, run, look, Role::Content)]
    }

    /// All above the table.
    fn header(&mut self, sheet: &Sheet) -> Vec<Branch> {
        let left = self.width() - SENDER_WIDTH - COLUMN_GAP;
        let level = Tag::Hn(NonZeroU16::MIN, Some(sheet.title()));
        let mut tree = vec![group(level, self.block(MARGIN, left, sheet.kind, HEADING))];
        self.y += 10.0;
        for (label, value) in &sheet.facts {
            tree.push(self.fact(label, value, left));
        }
        // The sender's name stands on the line of the heading.
        let end = mem::replace(&mut self.y, MARGIN + (HEADING.size - NAME.size) * ASCENT);
        tree.extend(self.party(self.size.0 - MARGIN - SENDER_WIDTH, &sheet.from, sheet.locale));
        self.y = self.y.max(end) + 26.0;

        let (label, to) = &sheet.to;
        tree.push(group(Tag::P, self.block(MARGIN, left, label, LABEL)));
        self.y += 2.0;
        tree.extend(self.party(MARGIN, to, sheet.locale));
        self.y += 28.0;
        tree.push(group(Tag::P, self.block(MARGIN, self.width(), &sheet.lead, LEAD)));
        if let Some(address) = &sheet.pay_at {
            tree.push(self.pay_at(address));
        }
        self.y += 18.0;
        tree
    }

    fn fact(&mut self, label: &str, value: &str, width: f32) -> Branch {
        let at = MARGIN + FACT_INDENT;
        let mut values = self.face(BODY).wrap(value, BODY.size, width - FACT_INDENT).into_iter();
        let Some(first) = values.next() else { return group(Tag::P, Vec::new()) };
        let mut words = Vec::from(self.pair((label, MARGIN, QUIET), (first, at, BODY)));
        words.extend(values.map(|run| self.line(at, run, BODY, Role::Content)));
        self.y += 1.0;
        group(Tag::P, words)
    }

    fn party(&mut self, x: f32, party: &Party, locale: Locale) -> Vec<Branch> {
        let name = group(Tag::P, self.block(x, SENDER_WIDTH, &party.name, NAME));
        let mut lines = Vec::new();
        for line in party.lines(locale) {
            lines.extend(self.block(x, SENDER_WIDTH, &line, QUIET));
        }
        if lines.is_empty() { vec![name] } else { vec![name, group(Tag::P, lines)] }
    }

    fn pay_at(&mut self, address: &str) -> Branch {
        self.y += 2.0;
        let words = self.block(MARGIN, self.width(), &format!("Pay online at {address}"), LINK);
        for word in &words {
            if let Branch::Words(place) = word {
                self.marks[*place].link = Some(address.to_owned());
            }
        }
        group(Tag::P, words)
    }

    fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) -> Branch {
        let places = self.places(columns, rows);
        // A head stands above one row at least.
        self.make_room(4.0 * BODY.leading());
        let head = self.table_head(columns, &places, Role::Content);
        let mut body = Vec::with_capacity(rows.len());
        for row in rows {
            let cells = columns.iter().zip(row).zip(&places);
            let cells: Vec<_> = cells.map(|((column, text), (_, width))| self.cell(column, text, *width)).collect();
            let lines = cells.iter().map(Vec::len).max().unwrap_or_default();
            let height = lines as f32 * BODY.leading() + 2.0 * CELL_PAD;
            if self.make_room(height) {
                self.table_head(columns, &places, Role::Repeated);
            }
            body.push(self.row(columns, &places, cells, height));
        }
        group(Tag::Table, vec![group(Tag::THead, vec![head]), group(Tag::TBody, body)])
    }

    /// Where each column begins, and how wide it is.
    fn places(&self, columns: &[Column], rows: &[Vec<String>]) -> Vec<(f32, f32)> {
        let widest = |place: usize, head: &str| {
            let head = self.face(LABEL).shape(head).em * LABEL.size;
            let cells = rows.iter().filter_map(|row| row.get(place));
            cells.map(|text| self.face(BODY).shape(text).em * BODY.size).fold(head, f32::max)
        };
        let wanted = |(place, column): (usize, &Column)| (column.fit != Fit::Rest).then(|| widest(place, column.head));
        let widths: Vec<Option<f32>> = columns.iter().enumerate().map(wanted).collect();
        let gaps = COLUMN_GAP * columns.len().saturating_sub(1) as f32;
        let rest = (self.width() - gaps - widths.iter().flatten().sum::<f32>()).max(REST_MIN);
        let mut x = MARGIN;
        let place = |width: Option<f32>| {
            let (begins, width) = (x, width.unwrap_or(rest));
            x += width + COLUMN_GAP;
            (begins, width)
        };
        widths.into_iter().map(place).collect()
    }

    fn cell(&self, column: &Column, text: &str, width: f32) -> Vec<Run> {
        match column.fit {
            Fit::Rest => self.face(BODY).wrap(text, BODY.size, width),
            Fit::Left | Fit::Right if text.is_empty() => Vec::new(),
            Fit::Left | Fit::Right => vec![self.face(BODY).shape(text)],
        }
    }

    fn table_head(&mut self, columns: &[Column], places: &[(f32, f32)], role: Role) -> Branch {
        let top = self.y;
        let mut cells = Vec::new();
        for (column, (x, width)) in columns.iter().zip(places) {
            let run = self.face(LABEL).shape(column.head);
            let x = x + indent(column, *width, &run, LABEL);
            self.y = top;
            cells.push(group(Tag::TH(TableHeaderScope::Column), vec![self.line(x, run, LABEL, role)]));
        }
        self.y += CELL_PAD;
        self.rule(MARGIN, self.width());
        group(Tag::TR, cells)
    }

    fn row(&mut self, columns: &[Column], places: &[(f32, f32)], cells: Vec<Vec<Run>>, height: f32) -> Branch {
        let top = self.y;
        let mut parts = Vec::new();
        for ((column, (x, width)), runs) in columns.iter().zip(places).zip(cells) {
            self.y = top + CELL_PAD;
            let mut words = Vec::new();
            for run in runs {
                let x = x + indent(column, *width, &run, BODY);
                words.push(self.line(x, run, BODY, Role::Content));
            }
            parts.push(group(Tag::TD, words));
        }
        self.y = top + height;
        self.rule(MARGIN, self.width());
        group(Tag::TR, parts)
    }

    /// What the table comes to, all of it on one page.
    fn sums(&mut self, sums: &[Sum]) -> Branch {
        self.y += 10.0;
        let (right, gap) = (self.size.0 - MARGIN, 5.0);
        self.make_room(sums.len() as f32 * (STRONG.leading() + gap) + gap);
        let mut rows = Vec::new();
        for sum in sums {
            let style = if sum.strong { STRONG } else { BODY };
            if sum.strong {
                self.rule(right - SUMS_WIDTH, SUMS_WIDTH);
                self.y += gap;
            }
            let amount = self.face(style).shape(&sum.amount);
            let at = right - amount.em * style.size;
            let [label, amount] = self.pair((sum.label.as_str(), right - SUMS_WIDTH, style), (amount, at, style));
            self.y += gap;
            let (label, amount) = (group(Tag::TH(TableHeaderScope::Row), vec![label]), group(Tag::TD, vec![amount]));
            rows.push(group(Tag::TR, vec![label, amount]));
        }
        group(Tag::Table, vec![group(Tag::TBody, rows)])
    }

    fn notes(&mut self, notes: &str) -> Vec<Branch> {
        let mut tree = Vec::new();
        self.y += 20.0;
        for paragraph in notes.lines() {
            let words = self.block(MARGIN, self.width(), paragraph, QUIET);
            if words.is_empty() {
                self.y += QUIET.leading() / 2.0;
            } else {
                tree.push(group(Tag::P, words));
            }
        }
        tree
    }

    fn footers(&mut self, sheet: &Sheet) {
        let pages = self.page + 1;
        let named = format!("{} · {}", sheet.from.name, sheet.title());
        for page in 0..pages {
            self.page = page;
            let place = self.face(FOOT).shape(&format!("Page {} of {pages}", page + 1));
            let (wide, y) = (place.em * FOOT.size, self.size.1 - MARGIN + FOOT.size);
            // Of a long name, as much as one line has.
            let named = self.face(FOOT).wrap(&named, FOOT.size, self.width() - wide - COLUMN_GAP).into_iter().next();
            if let Some(named) = named {
                self.mark(MARGIN, y, Ink::Words(named, FOOT), Role::Repeated);
            }
            self.mark(self.size.0 - MARGIN - wide, y, Ink::Words(place, FOOT), Role::Repeated);
        }
    }
}

/// How far into its cell a line begins.
fn indent(column: &Column, width: f32, run: &Run, style: Style) -> f32 {
    if column.fit == Fit::Right { width - run.em * style.size } else { 0.0 }
}
