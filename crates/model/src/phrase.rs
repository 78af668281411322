//! What can be said: prompts of the catalogue, numbers and keys, put together into phrases.

macro_rules! prompts {
    ($( $Name:ident = $name:literal, )+) => {
        /// One recorded prompt of the catalogue; the language decides which recording.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Prompt { $( #[doc = concat!("`", $name, "`")] $Name, )+ }

        impl Prompt {
            /// Every prompt.
            pub const ALL: &'static [Self] = &[$(Self::$Name,)+];

            /// Its name in the catalogue, which is the name of its recording.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => $name,)+ }
            }
        }
    };
}

/// A piece of speech.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    /// A recorded prompt.
    Prompt(Prompt),
    /// A whole number, spoken as one: twenty-one.
    Number(u32),
    /// Digits, spoken one by one.
    Digits(String),
    /// Keys of a telephone, spoken one by one: star, six.
    Keys(String),
}

prompts! {
    Welcome = "welcome",
    EnterCode = "enter_code",
    CodeNotValid = "code_not_valid",
    Goodbye = "goodbye",
    EnterPin = "enter_pin",
    CommandNotAllowed = "command_not_allowed",
    HelpMute = "help_mute",
    HelpMuteOthers = "help_mute_others",
    HelpHold = "help_hold",
    HelpLock = "help_lock",
    HelpCount = "help_count",
    HelpTones = "help_tones",
    HelpRolePin = "help_role_pin",
    HelpHelp = "help_help",
    HelpLeave = "help_leave",
}
