macro_rules! attributes {
    ($(
        $(#[doc = $group_doc:literal])+
        $group:ident: $Group:ident {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $Type:ty = $default:literal at $levels:expr, $status:ident;
            )+
        }
    )+) => {
        $(
            $(#[doc = $group_doc])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Group { $( $(#[doc = $doc])+ pub $name: $Type, )+ }
        )+

        /// All settings in force for one leg or meeting, typed and grouped by consumer.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Policy { $( $(#[doc = $group_doc])+ pub $group: $Group, )+ }

        /// Name of an attribute.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum AttributeId { $($( $(#[doc = $doc])+ $name, )+)+ }

        /// The table as data, indexed by [`AttributeId`].
        pub static ATTRIBUTES: &[Attribute] = &[$($(
            Attribute {
                id: AttributeId::$name,
                name: stringify!($name),
                kind: <$Type as Value>::KIND,
                expected: <$Type as Value>::EXPECTED,
                default: $default,
                choices: <$Type as Value>::CHOICES,
                levels: $levels,
                policy: stringify!($Group),
                status: Status::$status,
                doc: concat!($($doc),+),
            },
        )+)+];

        impl Default for Policy {
            fn default() -> Self {
                Self { $( $group: $Group {
                    $( $name: <$Type as Value>::parse($default).expect("table defaults are tested"), )+
                }, )+ }
            }
        }

        impl Policy {
            /// Reads `text` into attribute `id`; `false` leaves the policy as it was.
            pub fn set(&mut self, id: AttributeId, text: &str) -> bool {
                match id { $($( AttributeId::$name => match <$Type as Value>::parse(text) {
                    Some(value) => self.$group.$name = value,
                    None => return false,
                }, )+)+ }
                true
            }

            /// Writes attribute `id` as its wire text.
            pub fn text(&self, id: AttributeId) -> String {
                match id { $($( AttributeId::$name => self.$group.$name.text(), )+)+ }
            }
        }
    };
}
