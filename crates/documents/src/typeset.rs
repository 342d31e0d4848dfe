//! Words as glyphs of the font that is in every document: how wide they are, where a line breaks, and what stands for letters
//! that the font does not have.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{
    Direction, Face, Feature, GlyphPosition, ShapePlan, UnicodeBuffer, script, shape_with_plan, ttf_parser::Tag,
};
use std::{mem, ops::Range};

/// Latin, Greek and Cyrillic letters, signs of currencies, and a box.
const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../fonts/Inter-SemiBold.ttf");
/// Seen where a letter is missing: archives take no document with glyphs that mean nothing. Who copies it gets the letter.
const BOX: char = '□';

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    SemiBold,
}

pub(crate) struct Fonts {
    regular: Typeface,
    semibold: Typeface,
}

impl Fonts {
    pub fn new() -> Self {
        Self { regular: Typeface::new(REGULAR), semibold: Typeface::new(SEMIBOLD) }
    }

    pub const fn of(&self, weight: Weight) -> &Typeface {
        match weight {
            Weight::Regular => &self.regular,
            Weight::SemiBold => &self.semibold,
        }
    }
}

pub(crate) struct Typeface {
    pub font: Font,
    face: Face<'static>,
    plan: ShapePlan,
    /// The glyph of [`BOX`], and how wide it is.
    instead: (u32, f32),
}

/// Words of one line, ready to be drawn.
pub(crate) struct Run {
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    /// How wide it is at a size of 1.
    pub em: f32,
}

impl Typeface {
    fn new(bytes: &'static [u8]) -> Self {
        let face = Face::from_slice(bytes, 0).expect("it is a font");
        let font = Font::new(bytes.into(), 0).expect("it is a font");
        // Figures stand under each other; what was typed as `->` or `2x4` stays that.
        let features = [Feature::new(Tag::from_bytes(b"tnum"), 1, ..), Feature::new(Tag::from_bytes(b"calt"), 0, ..)];
        let plan = ShapePlan::new(&face, Direction::LeftToRight, Some(script::LATIN), None, &features);
        let instead = face.glyph_index(BOX).map_or((0, 0.0), |glyph| {
            (u32::from(glyph.0), f32::from(face.glyph_hor_advance(glyph).unwrap_or_default()) / font.units_per_em())
        });
        Self { font, face, plan, instead }
    }

    /// All scripts are shaped like Latin, which the font's others are as well: those that would be shaped otherwise come out as
    /// boxes.
    pub fn shape(&self, text: &str) -> Run {
        let text = legible(text);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.set_script(script::LATIN);
        buffer.set_direction(Direction::LeftToRight);
        let shaped = shape_with_plan(&self.face, &self.plan, buffer);
        let mut glyphs = Vec::with_capacity(shaped.len());
        // From the last one, because the letters of a glyph end where those of the next one begin.
        let (mut end, mut later) = (text.len(), text.len());
        for (info, at) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()).rev() {
            let start = info.cluster as usize;
            if start < later {
                (end, later) = (later, start);
            }
            glyphs.push(self.glyph(info.glyph_id, at, start..end.max(start)));
        }
        glyphs.reverse();
        let em = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Run { text, glyphs, em }
    }

    fn glyph(&self, id: u32, at: &GlyphPosition, letters: Range<usize>) -> KrillaGlyph {
        if id == 0 {
            let (id, advance) = self.instead;
            return KrillaGlyph::new(GlyphId::new(id), advance, 0.0, 0.0, 0.0, letters, None);
        }
        let [x_advance, x_offset, y_offset, y_advance] =
            [at.x_advance, at.x_offset, at.y_offset, at.y_advance].map(|units| units as f32 / self.font.units_per_em());
        KrillaGlyph::new(GlyphId::new(id), x_advance, x_offset, y_offset, y_advance, letters, None)
    }

    /// The lines of a text that is no wider than this. Each ends in a space, unless a word goes on in the next one: who copies
    /// the lines, or hears them, gets words.
    pub fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<Run> {
        let text = legible(text);
        let space = self.shape(" ").em * size;
        let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            for (place, part) in self.parts(word, size, width).into_iter().enumerate() {
                let (begins_word, wide) = (place == 0, self.shape(&part).em * size);
                if !line.is_empty() {
                    if begins_word {
                        line.push(' ');
                        used += space;
                    }
                    if used + wide > width {
                        lines.push(self.shape(&mem::take(&mut line)));
                        used = 0.0;
                    }
                }
                line.push_str(&part);
                used += wide;
            }
        }
        if !line.is_empty() {
            lines.push(self.shape(&(line + " ")));
        }
        lines
    }

    /// A word, or as many parts of it as are needed for none to be wider than a line.
    fn parts(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        if self.shape(word).em * size <= width {
            return vec![word.to_owned()];
        }
        let (mut parts, mut part, mut used) = (Vec::new(), String::new(), 0.0);
        for letter in word.chars() {
            let wide = self.shape(letter.encode_utf8(&mut [0; 4])).em * size;
            if used + wide > width && !part.is_empty() {
                parts.push(mem::take(&mut part));
                used = 0.0;
            }
            part.push(letter);
            used += wide;
        }
        parts.push(part);
        parts
    }
}

/// One line of what can be printed: signs that nobody sees are left out, because they could turn the order of what stands
/// beside them, and those that mean something else to everybody are boxes.
pub(crate) fn legible(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_hidden(*c));
    seen.map(|c| match c {
        '\u{a0}' => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}'..='\u{ffff}' | '\u{f0000}'..='\u{10ffff}' => BOX,
        c => c,
    })
    .collect()
}

const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regular() -> Typeface {
        Typeface::new(REGULAR)
    }

    #[test]
    fn names_of_many_countries_have_their_letters_and_what_is_missing_is_a_box_with_its_own_letter() {
        let face = regular();
        let boxes =
            |text: &str| face.shape(text).glyphs.iter().filter(|g| g.glyph_id.to_u32() == face.instead.0).count();
        for name in ["Łódź Größe Māori ā șț", "Ağaoğlu İstanbul Đặng ő", "Кириллица Їжак", "Αθήνα", "€ £ ¥ ₹ − – × ’"]
        {
            assert_eq!(boxes(name), 0, "{name}");
        }
        for (text, missing) in [("漢字 Ltd", 2), ("שלום", 4), ("مرحبا", 5), ("🙂", 1)] {
            let run = face.shape(text);
            assert_eq!((run.text.as_str(), boxes(text)), (text, missing));
            let letters: Vec<_> = run.glyphs.iter().map(|glyph| &run.text[glyph.text_range.clone()]).collect();
            assert_eq!(letters.concat(), text, "each letter is copied once");
        }
        assert_eq!(legible("a\u{202e}b\u{200b}\u{feff}c\td\0e\u{e000}\u{10ffff}f\u{a0}g"), "abc d e□□f\u{a0}g");
        assert_eq!(face.shape("").glyphs.len(), 0);
    }

    #[test]
    fn figures_stand_under_each_other() {
        let face = regular();
        let width = |text: &str| face.shape(text).em;
        assert_eq!(width("1,111.11").to_bits(), width("8,048.96").to_bits());
        assert!(width("->") > 0.0 && face.shape("->").glyphs.len() == 2, "no arrow is made of it");
    }

    #[test]
    fn lines_break_between_words_and_long_words_where_they_must() {
        let face = regular();
        let text = format!("two words and {} {}", "x".repeat(300), "then some more of them that go on");
        let lines = face.wrap(&text, 9.5, 120.0);
        assert!(lines.len() > 8);
        for line in &lines {
            assert!(face.shape(line.text.trim_end()).em * 9.5 < 120.5, "{}", line.text);
        }
        let joined: String = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(joined.trim_end(), text);
        assert!(face.wrap("  ", 9.5, 120.0).is_empty());
        // Narrower than any letter: one in each line, and an end.
        assert_eq!(face.wrap("abc", 9.5, 1.0).len(), 3);
    }
}
