//! Which numbers and addresses are dialled: none that was not allowed, and none that is dear unless it was allowed by name.

use std::time::Duration;

use api::CommandError;
use sip::{Credentials, Hop, Target};

/// Dial-out as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialOut {
    /// Where calls to numbers go.
    pub trunk: Option<Hop>,
    /// Who we are there.
    pub credentials: Option<Credentials>,
    /// Prefixes of numbers that are dialled, digits without plus.
    pub allow: Vec<String>,
    /// Hosts and ports whose SIP URIs are called; the transport is the URI's.
    pub hosts: Vec<Hop>,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Calls at once.
    pub max_calls: usize,
    /// Calls at once for one owner of DID groups.
    pub max_calls_per_tenant: usize,
    /// Calls a day (UTC) for one owner of DID groups.
    pub calls_per_day_per_tenant: u32,
    /// Longest time from the answer to the end.
    pub max_duration: Duration,
}

impl Default for DialOut {
    fn default() -> Self {
        Self {
            trunk: None,
            credentials: None,
            allow: Vec::new(),
            hosts: Vec::new(),
            ring_timeout: Duration::from_secs(60),
            max_calls: 100,
            max_calls_per_tenant: 20,
            calls_per_day_per_tenant: 200,
            max_duration: Duration::from_secs(4 * 3600),
        }
    }
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotDialled {
    /// Nothing is dialled here.
    Off,
    /// It is neither a number nor a URI; what was expected.
    BadCallee(&'static str),
    /// Its prefix is not allowed.
    Prefix,
    /// It is dear: numbers with this prefix are dialled only where the whole prefix is allowed.
    Dear(String),
    /// There is no trunk.
    Trunk,
    /// Its host is not allowed.
    Host,
    /// There are `dial_out.max_calls`.
    MaxCalls,
    /// There are `dial_out.max_calls_per_tenant`.
    MaxCallsPerTenant,
    /// There were `dial_out.calls_per_day_per_tenant`.
    CallsPerDay,
    /// There are `operator.max_calls` to the operator.
    Operators,
    /// The bridge takes no calls at all.
    Bridge,
}

impl NotDialled {
    /// Words of all reasons in metrics, in order.
    pub(super) const WORDS: [&str; 11] = [
        "off",
        "bad_callee",
        "prefix",
        "dear",
        "trunk",
        "host",
        "max_calls",
        "max_calls_per_tenant",
        "calls_per_day_per_tenant",
        "operator_max_calls",
        "bridge",
    ];

    /// The place of its word.
    pub(super) fn place(&self) -> usize {
        match self {
            Self::Off => 0,
            Self::BadCallee(_) => 1,
            Self::Prefix => 2,
            Self::Dear(_) => 3,
            Self::Trunk => 4,
            Self::Host => 5,
            Self::MaxCalls => 6,
            Self::MaxCallsPerTenant => 7,
            Self::CallsPerDay => 8,
            Self::Operators => 9,
            Self::Bridge => 10,
        }
    }

    /// What whoever asked for the call is told.
    pub(super) fn text(&self) -> String {
        let text = match self {
            Self::Off => "this bridge dials nobody: dial_out.allow and dial_out.hosts are empty",
            Self::BadCallee(expected) => expected,
            Self::Prefix => "dial_out.allow lists no prefix of this number",
            Self::Dear(prefix) => {
                return format!(
                    "premium, satellite and other dear numbers are dialled only where dial_out.allow lists {prefix} in full"
                );
            }
            Self::Trunk => "numbers are not dialled: dial_out.trunk is not set",
            Self::Host => "dial_out.hosts does not list this host and port",
            Self::MaxCalls => "as many calls are dialled as dial_out.max_calls allows",
            Self::MaxCallsPerTenant => {
                "as many calls are dialled for this account as dial_out.max_calls_per_tenant allows"
            }
            Self::CallsPerDay => {
                "as many calls were dialled for this account today as dial_out.calls_per_day_per_tenant allows"
            }
            Self::Operators => "as many calls are made to the operator as operator.max_calls allows",
            Self::Bridge => "the bridge takes no more calls now",
        };
        text.to_owned()
    }

    /// The same as an answer about the field that asked for the call.
    pub(super) fn refusal(&self, field: &'static str) -> CommandError {
        let message = self.text();
        match self {
            Self::BadCallee(_) => CommandError::Refused { field, message },
            Self::Off | Self::Prefix | Self::Dear(_) | Self::Trunk | Self::Host | Self::CallsPerDay => {
                CommandError::Forbidden { field, message }
            }
            Self::MaxCalls | Self::MaxCallsPerTenant | Self::Operators | Self::Bridge => {
                CommandError::Full { field, message }
            }
        }
    }
}

/// Who is called, and which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// Request-URI and To.
    pub(super) uri: String,
    /// As it is shown: E.164 digits without plus, or the URI.
    pub(super) callee: String,
    /// Where the INVITE goes.
    pub(super) hop: Hop,
    /// Whether the trunk is on the way, to which alone we say who we are.
    pub(super) by_trunk: bool,
}

impl Destination {
    /// The called one as a participant is shown: a number with plus, or the user of the URI.
    pub(super) fn person(&self) -> String {
        Target::parse(&self.uri).map_or_else(|_| String::new(), |target| target.user)
    }
}

impl DialOut {
    /// Whether anything at all may be dialled.
    pub(super) fn is_on(&self) -> bool {
        !(self.allow.is_empty() && self.hosts.is_empty())
    }

    /// Where `callee` is that the configuration names itself: nothing has to allow it.
    pub(super) fn fixed(&self, callee: &str) -> Result<Destination, NotDialled> {
        match is_address(callee) {
            true => self.at_address(callee),
            false => self.at_number(e164(callee).ok_or(NotDialled::BadCallee(EXPECTED))?),
        }
    }

    /// Whether and where `callee` is dialled.
    pub(super) fn judge(&self, callee: &str) -> Result<Destination, NotDialled> {
        if !self.is_on() {
            return Err(NotDialled::Off);
        }
        match is_address(callee) {
            true => self.address(callee),
            false => self.number(callee),
        }
    }

    fn address(&self, callee: &str) -> Result<Destination, NotDialled> {
        let to = self.at_address(callee)?;
        match self.hosts.iter().any(|known| is_at(known, &to.hop)) {
            // One that anybody may ask for is not told who we are.
            true => Ok(Destination {
                by_trunk: false,
                ..to
            }),
            false => Err(NotDialled::Host),
        }
    }

    fn at_address(&self, callee: &str) -> Result<Destination, NotDialled> {
        let Target { uri, hop, .. } =
            Target::parse(callee).map_err(|fault| NotDialled::BadCallee(fault.0))?;
        Ok(Destination {
            callee: uri.clone(),
            uri,
            by_trunk: self.trunk.as_ref().is_some_and(|trunk| is_at(trunk, &hop)),
            hop,
        })
    }

    fn number(&self, callee: &str) -> Result<Destination, NotDialled> {
        let number = e164(callee).ok_or(NotDialled::BadCallee(EXPECTED))?;
        let allowed = self
            .allow
            .iter()
            .filter(|prefix| number.starts_with(prefix.as_str()));
        let allowed = allowed.map(String::len).max().ok_or(NotDialled::Prefix)?;
        if let Some(dear) = dear(&number).filter(|dear| dear.len() > allowed) {
            return Err(NotDialled::Dear(dear.to_owned()));
        }
        self.at_number(number)
    }

    fn at_number(&self, number: String) -> Result<Destination, NotDialled> {
        let hop = self.trunk.clone().ok_or(NotDialled::Trunk)?;
        Ok(Destination {
            uri: format!("sip:+{number}@{hop};user=phone"),
            callee: number,
            hop,
            by_trunk: true,
        })
    }
}

fn is_address(callee: &str) -> bool {
    callee.contains([':', '@'])
}

/// Whether two ways lead to the same host and port; by what transport is the URI's to say.
fn is_at(one: &Hop, other: &Hop) -> bool {
    (&one.host, one.port) == (&other.host, other.port)
}

const EXPECTED: &str =
    "expected a number with its country code, such as +15162065319 or 01115162065319, or a SIP URI";

/// Digits of a number with its country code (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The digits of an international number without plus or prefix; `None` for anything else: what a switch further on might read in
/// another way than we do (letters, parameters, a second prefix, national numbers) is not dialled.
fn e164(text: &str) -> Option<String> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '(' | ')' | ' ');
    if !rest.chars().all(plain) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let prefixed = digits.strip_prefix("011").or_else(|| digits.strip_prefix("00"));
    let number = prefixed.filter(|_| !plus).unwrap_or(&digits);
    let good = DIGITS.contains(&number.len())
        && !number.starts_with('0')
        && is_north_american(number) != Some(false);
    good.then(|| number.to_owned())
}

/// Whether a number of country code 1 is one: area code and exchange begin with 2 to 9, neither is a service code (NANPA).
fn is_north_american(number: &str) -> Option<bool> {
    let national = number.strip_prefix('1')?;
    let sound = |code: Option<&str>| code.is_some_and(|code| code >= "200" && !code.ends_with("11"));
    Some(national.len() == 10 && sound(national.get(..3)) && sound(national.get(3..6)))
}

/// The prefix by which a number is dear, the longest that fits.
fn dear(number: &str) -> Option<&str> {
    // Premium exchange of every North American area code.
    let exchange = number
        .get(4..7)
        .filter(|code| *code == "976" && number.starts_with('1'));
    if exchange.is_some() {
        return number.get(..7);
    }
    let fits = DEAR.iter().filter(|prefix| number.starts_with(**prefix));
    let longest = fits.max_by_key(|prefix| prefix.len())?;
    number.get(..longest.len())
}

/// Prefixes of numbers that cost much more than those around them and are what toll fraud dials: satellite and other international networks
/// (ITU-T E.164, list of assigned country codes: 870, 878, 881, 882, 883, 979), premium, personal and shared-revenue ranges of national
/// numbering plans (ITU-T E.129 notices), and the countries of country code 1 beside the United States and Canada (NANPA).
#[rustfmt::skip]
const DEAR: &[&str] = &[
    // Networks without a country: Inmarsat, universal personal numbers, satellites, networks, premium.
    "870", "878", "881", "882", "883", "979",
    // North America: premium, carriers' own, personal.
    "1900", "1976", "1700", "1456", "1500", "1521", "1522", "1523", "1524", "1525", "1526", "1527", "1528", "1529", "1533", "1544", "1566",
    "1577", "1588",
    // Bahamas, Barbados, Anguilla, Antigua, British Virgin Islands, Cayman, Bermuda, Grenada, Turks and Caicos, Jamaica, Montserrat,
    // Sint Maarten, Saint Lucia, Dominica, Saint Vincent, Dominican Republic, Trinidad, Saint Kitts, American Samoa.
    "1242", "1246", "1264", "1268", "1284", "1345", "1441", "1473", "1649", "1658", "1876", "1664", "1721", "1758", "1767", "1784", "1809",
    "1829", "1849", "1868", "1869", "1684",
    // Premium, personal and shared revenue at home: Greece, Netherlands, Belgium, France, Spain, Italy, Switzerland, Austria, United Kingdom,
    // Denmark, Sweden, Norway, Poland, Germany.
    "30901", "30909", "31900", "31906", "31909", "32900", "32901", "32902", "32903", "32904", "32905", "32906", "32907", "32909", "3381",
    "3382", "3389", "34803", "34806", "34807", "34905", "39144", "39166", "39199", "39892", "39894", "39895", "39899", "41900", "41901",
    "41906", "43900", "43901", "43930", "43931", "43939", "4470", "4484", "4487", "449", "4590", "46900", "46939", "46944", "47820", "47829",
    "4870", "49137", "49180", "49900",
    // Australia, Japan, Portugal, Ireland, Finland, Czechia.
    "6119", "81570", "81990", "351601", "351607", "351646", "351760", "35315", "358600", "358700", "420900", "420906", "420909",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(allow: &[&str]) -> DialOut {
        DialOut {
            trunk: Some(Target::parse("sip:192.0.2.9:5070").unwrap().hop),
            allow: allow.iter().map(|prefix| (*prefix).to_owned()).collect(),
            hosts: vec![Target::parse("sip:pbx.example.com").unwrap().hop],
            ..DialOut::default()
        }
    }

    fn dialled(plan: &DialOut, callee: &str) -> Option<String> {
        plan.judge(callee).ok().map(|to| to.callee)
    }

    #[test]
    fn numbers_are_read_as_switches_would_or_not_at_all() {
        let plan = plan(&["1", "44", "49"]);
        for (callee, number) in [
            ("+15162065319", "15162065319"),
            ("15162065319", "15162065319"),
            ("+1 (516) 206-5319", "15162065319"),
            ("01115162065319", "15162065319"),
            ("0015162065319", "15162065319"),
            ("+44 20 7183 8750", "442071838750"),
            ("00442071838750", "442071838750"),
            ("+49.30.901820", "4930901820"),
        ] {
            assert_eq!(dialled(&plan, callee).as_deref(), Some(number), "{callee}");
        }
        let to = plan.judge("+15162065319").unwrap();
        assert_eq!(to.uri, "sip:+15162065319@192.0.2.9:5070;user=phone");
        assert_eq!(to.person(), "+15162065319");
    }

    #[test]
    fn hostile_and_dear_numbers_are_refused_and_only_allowed_ones_dialled() {
        let plan = plan(&["1", "44", "49"]);
        for callee in HOSTILE {
            assert_eq!(dialled(&plan, callee), None, "{callee}");
        }
        assert!(HOSTILE.len() >= 40);
    }

    #[rustfmt::skip]
    const HOSTILE: &[&str] = &[
        // Dear ones, in all spellings.
        "+19005551234", "19005551234", "0119005551234", "01119005551234", "0019005551234", "+1-900-555-1234", "+19765551234", "+15169765551",
        "+18095551234", "+12845551234", "+14735551234", "+16495551234", "+16645551234", "+17675551234", "+18685551234", "+18765551234",
        "+17005551234", "+15005551234", "+449098790000", "+447012345678", "+44 87 1234 5678", "+49900123456", "+49137123456",
        // Not allowed.
        "+881612345678", "+88213123456", "+8835100123456", "+979123456789", "+870773123456", "+53712345678", "+2521234567", "+37112345678",
        "0088161234567", "01188161234567", "+9991234567",
        // Not numbers, or ones that the next switch might read otherwise.
        "+15162065319;isub=1234", "+15162065319;phone-context=+1900", "5162065319;phone-context=+1", "+15162065319;ext=1", "1-800-FLOWERS",
        "+1516206531x", "+11900555123", "+101144207183875", "+1 011 44 20 7183 8750", "+0119005551234", "+0015162065319", "00011442071838750",
        "0015162065319 011", "02071838750", "5162065319", "911", "112", "+1911", "+14115551234", "+15169115551", "+1516206531", "+151620653190",
        "+1234567890123456789012345678901234567890", "++15162065319", "+15162065319+", "+1516206*5319", "+1516206#5319", "*675162065319", "",
        "+", "()", "１５１６２０６５３１９", "+1516206５３１９", "+15162065319\r\n", "+15162065319,,1234", "+15162065319w99", "+15162065319p99",
        "tel:+15162065319", "sip:+19005551234@192.0.2.9:5070", "sip:alice@pbx.example.com:5061", "sip:alice@other.example.com",
        "sips:alice@pbx.example.com", "sip:alice@pbx.example.com?Route=%3Csip:x%3E", "sip:alice@pbx.example.com;maddr=192.0.2.66",
        "alice@pbx.example.com", "sip:alice@pbx.example.com@evil.example",
    ];

    #[test]
    fn a_dear_prefix_is_dialled_where_it_is_allowed_in_full_and_nothing_wider() {
        for (allow, callee, dialled_there) in [
            ("1900", "+19005551234", true),
            ("190", "+19005551234", false),
            ("1809", "+18095551234", true),
            ("1829", "+18095551234", false),
            ("881", "+881612345678", true),
            ("88", "+881612345678", false),
            ("8816", "+881612345678", true),
            ("1516976", "+15169765551", true),
            ("1516", "+15169765551", false),
        ] {
            let plan = plan(&[allow]);
            assert_eq!(
                dialled(&plan, callee).is_some(),
                dialled_there,
                "{allow} {callee}"
            );
        }
    }

    #[test]
    fn nothing_is_dialled_until_it_is_configured() {
        let off = DialOut::default();
        for callee in ["+15162065319", "sip:alice@pbx.example.com", "nonsense"] {
            assert_eq!(off.judge(callee), Err(NotDialled::Off), "{callee}");
        }
        let without_trunk = DialOut {
            allow: vec!["1".to_owned()],
            ..off
        };
        assert_eq!(without_trunk.judge("+15162065319"), Err(NotDialled::Trunk));
    }

    #[test]
    fn addresses_are_called_on_listed_hosts_alone() {
        let plan = plan(&[]);
        let to = plan.judge("sip:alice@PBX.example.com;transport=tcp").unwrap();
        assert_eq!(
            (to.hop.to_string().as_str(), to.by_trunk),
            ("pbx.example.com:5060", false)
        );
        assert_eq!(to.hop.transport, sip::Transport::Tcp);
        assert_eq!(to.person(), "alice");
        assert_eq!(plan.judge("sip:alice@192.0.2.9:5070"), Err(NotDialled::Host));
        assert_eq!(plan.judge("+15162065319"), Err(NotDialled::Prefix));
    }

    #[test]
    fn each_reason_has_a_word_of_its_own_and_names_its_setting() {
        let all = [
            NotDialled::Off,
            NotDialled::BadCallee(EXPECTED),
            NotDialled::Prefix,
            NotDialled::Dear("1900".to_owned()),
            NotDialled::Trunk,
            NotDialled::Host,
            NotDialled::MaxCalls,
            NotDialled::MaxCallsPerTenant,
            NotDialled::CallsPerDay,
            NotDialled::Operators,
            NotDialled::Bridge,
        ];
        for (place, why) in all.into_iter().enumerate() {
            assert_eq!(why.place(), place);
            let says_nothing_of_settings = matches!(why, NotDialled::BadCallee(_) | NotDialled::Bridge);
            let text = format!("{:?}", why.refusal("callee"));
            let names_one = text.contains("dial_out.") || text.contains("operator.");
            assert_eq!(names_one, !says_nothing_of_settings, "{text}");
        }
    }
}
