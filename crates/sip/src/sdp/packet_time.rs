//! How much audio goes into a packet (RFC 8866 section 6.4).

/// Shortest packet we send, ms.
const SHORTEST_MS: u32 = 10;
/// Longest packet we send, ms.
const LONGEST_MS: u32 = 60;

/// A number of ms as a peer wrote it: more digits than fit are just a large number, anything else is none.
pub(super) fn read(value: Option<&str>) -> Option<u32> {
    let digits = value?.trim();
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    number
        .then(|| digits.parse().unwrap_or(u32::MAX))
        .filter(|&ms| ms > 0)
}

/// What we send, ms: the peer's wish, or ours, within the peer's bound and 10 to 60, in whole 10 ms.
pub(super) fn agree(wish: Option<u32>, bound: Option<u32>, ours: u8) -> u8 {
    let ms = wish.unwrap_or(u32::from(ours)).min(bound.unwrap_or(LONGEST_MS));
    let ms = ms.clamp(SHORTEST_MS, LONGEST_MS);
    let whole = ms.saturating_sub(ms % 10);
    u8::try_from(whole).unwrap_or(20)
}
