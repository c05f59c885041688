//! Draws a portrait as a JPEG: a head and shoulders on the person's colour, in
//! squares of eight pixels.
//!
//! A JPEG whose squares are each of one colour needs no cosine transform and hardly a code table,
//! so a page of code does what an image library would.
//!
//! Source: ITU-T T.81 (baseline sequential, Annexes B, F and K.3).

use crate::tenant::person::Photo;

/// Pixels along the side of a square.
const SQUARE: u16 = 8;

/// Code lengths for how many bits a difference has, from none to eleven (Table K.3).
const LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];

/// A square JPEG with a side of `size` pixels.
pub(super) fn draw(photo: Photo, size: u16) -> Vec<u8> {
    let mut jpeg = head(size);
    let squares = size.div_ceil(SQUARE);
    let mut bits = Bits::default();
    let mut before = [0_i32; 3];
    for y in 0..squares {
        for x in 0..squares {
            let colour = luma_chroma(colour_at(photo, x, y, squares));
            for (value, before) in colour.into_iter().zip(&mut before) {
                bits.push_difference(value - *before);
                *before = value;
                // The one code of the other table: nothing but the mean in this square.
                bits.push(0, 1);
            }
        }
    }
    jpeg.extend(bits.finish());
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

/// Everything before the squares.
fn head(size: u16) -> Vec<u8> {
    let [high, low] = size.to_be_bytes();
    let mut head = vec![
        0xFF, 0xD8, // start
        0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
    ];
    // Quantization by eight makes the mean of a square its own coefficient.
    head.extend([0xFF, 0xDB, 0, 67, 0]);
    head.extend([SQUARE.to_be_bytes()[1]; 64]);
    // Three components, not subsampled.
    head.extend([0xFF, 0xC0, 0, 17, 8, high, low, high, low, 3]);
    head.extend([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    head.extend([0xFF, 0xC4, 0, 31, 0x00]);
    head.extend(LENGTHS);
    head.extend(0..12_u8);
    // The table for what varies within a square: one code, which says that nothing does.
    head.extend([0xFF, 0xC4, 0, 20, 0x10, 1]);
    head.extend([0; 15]);
    head.push(0);
    head.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    head
}

/// The colour of a square: head, shoulders or ground.
fn colour_at(photo: Photo, x: u16, y: u16, squares: u16) -> [u8; 3] {
    // In thousandths of the side, from the middle of the square.
    let place = |at: u16| (i32::from(at) * 2 + 1) * 500 / i32::from(squares);
    let (x, y) = (place(x), place(y));
    let is_within = |centre: i32, width: i32, height: i32| {
        let (across, down) = ((x - 500) * 1000 / width, (y - centre) * 1000 / height);
        across * across + down * down <= 1_000_000
    };
    if is_within(380, 190, 210) || is_within(1000, 360, 340) {
        photo.tint.map(|part| 255 - (255 - part) / 3)
    } else {
        photo.tint
    }
}

/// JFIF's colours, each around zero.
fn luma_chroma([red, green, blue]: [u8; 3]) -> [i32; 3] {
    let [red, green, blue] = [red, green, blue].map(i32::from);
    [
        (299 * red + 587 * green + 114 * blue) / 1000 - 128,
        (-169 * red - 331 * green + 500 * blue) / 1000,
        (500 * red - 419 * green - 81 * blue) / 1000,
    ]
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, length: u32) {
        self.held = (self.held << length) | value;
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count).to_be_bytes()[3];
            self.bytes.push(byte);
            if byte == 0xFF {
                // A marker would begin here.
                self.bytes.push(0);
            }
            self.held &= (1 << self.count) - 1;
        }
    }

    /// How many bits the difference has, then the bits; a negative one counts from below.
    fn push_difference(&mut self, difference: i32) {
        let length = 32 - difference.unsigned_abs().leading_zeros();
        let (code, code_length) = match length {
            0 => (0b00, 2),
            1..=5 => (0b010 + length - 1, 3),
            // 1110, 11110, …: longer by one each.
            _ => ((1 << (length - 2)) - 2, length - 2),
        };
        self.push(code, code_length);
        if length > 0 {
            let bits = if difference < 0 {
                difference - 1
            } else {
                difference
            };
            self.push(bits.cast_unsigned() & ((1 << length) - 1), length);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // Filled up with ones.
        if self.count > 0 {
            let missing = 8 - self.count;
            self.push((1 << missing) - 1, missing);
        }
        self.bytes
    }
}
