use model::{Happening, MeetingNumber, NewsKind};

use crate::error::ApiError;
use crate::params::Params;

/// Most patterns of one filter.
const PATTERNS_MAX: usize = 64;

/// Which events somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Those of meetings of this number alone.
    pub(crate) number: Option<MeetingNumber>,
    /// Those of these types alone; all when there are none.
    pub(crate) types: Vec<String>,
}

impl Filter {
    /// Reads `types`.
    pub(crate) fn read(params: &Params, number: Option<MeetingNumber>) -> Result<Self, ApiError> {
        let list = params.get("types").into_iter().flat_map(|list| list.split(','));
        let types = checked(list.map(str::trim).map(str::to_owned).collect())?;
        Ok(Self { number, types })
    }

    /// Whether it wants this one.
    pub(crate) fn wants(&self, happening: &Happening) -> bool {
        let kind = happening.news.kind();
        let place = happening.place.map(|place| place.number);
        (self.number.is_none() || place == self.number)
            && (self.types.is_empty() || self.types.iter().any(|pattern| kind.fits(pattern)))
    }
}

/// The list of types as it came, if each of them means something.
pub(crate) fn checked(types: Vec<String>) -> Result<Vec<String>, ApiError> {
    if types.len() > PATTERNS_MAX {
        return Err(ApiError::wrong_value("types", "expected at most 64 types"));
    }
    match types.iter().find(|pattern| !NewsKind::is_pattern(pattern)) {
        None => Ok(types),
        Some(unknown) => {
            let message = format!("expected types such as call.joined or call.*, not {unknown:?}");
            Err(ApiError::wrong_value("types", message))
        }
    }
}
