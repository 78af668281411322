//! Which packets of silence a phone of Opus leaves out, and which begin a spurt of talk.

/// Bytes that a packet may have in which an encoder says that there is nothing to send (RFC 6716, section 2.1.9).
const NOTHING: usize = 2;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Spurt {
    /// The packet before was sent.
    goes_on: bool,
    /// It said that there is nothing to send.
    ended: bool,
}

impl Spurt {
    /// Whether a packet of audio is sent, and then whether it begins a spurt. With `dtx` the first that says that there is nothing to send
    /// goes out, so that the far end knows of it, and those behind it do not: as browsers do it.
    pub(crate) fn takes(&mut self, payload: &[u8], dtx: bool) -> Option<bool> {
        let ends = dtx && payload.len() <= NOTHING;
        if std::mem::replace(&mut self.ended, ends) && ends {
            self.goes_on = false;
            return None;
        }
        Some(!std::mem::replace(&mut self.goes_on, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_silence_the_first_packet_is_sent_and_what_comes_behind_the_unsent_ones_begins_a_spurt() {
        let sizes = [60, 50, 1, 1, 1, 30, 1, 2, 0, 60, 1, 60];
        let shown = |taken: Option<bool>| taken.map_or('.', |begins| if begins { '>' } else { '-' });
        let send = |dtx| {
            let mut spurt = Spurt::default();
            let taken = sizes.map(|size| shown(spurt.takes(&[0; 60][..size], dtx)));
            taken.iter().collect::<String>()
        };
        assert_eq!(send(true), ">--..>-..>--");
        assert_eq!(send(false), ">-----------");
    }
}
