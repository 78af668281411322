//! Some fields of an object as JSON values, and none made of the others: a list looks at one or two of each of a thousand objects.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeMap, SerializeStruct, Serializer};
use serde_json::{Error, Value};

/// Some fields of an object.
#[derive(Debug)]
pub(crate) struct Picked<'a> {
    fields: &'a [&'a str],
    /// One for each of `fields`; none where the object does not have it.
    values: Vec<Option<Value>>,
}

impl<'a> Picked<'a> {
    fn nothing_of(fields: &'a [&'a str]) -> Self {
        Self {
            fields,
            values: vec![None; fields.len()],
        }
    }

    /// The value of `field`, if the object has it and it was asked for.
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.values.get(self.index(field)?)?.as_ref()
    }

    /// Where the value of `field` goes, if it is asked for.
    fn place(&mut self, field: &str) -> Option<&mut Option<Value>> {
        let index = self.index(field)?;
        self.values.get_mut(index)
    }

    fn index(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|asked| *asked == field)
    }
}

/// An object of these fields, in the order in which they were asked for.
impl Serialize for Picked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.fields.iter().zip(&self.values);
        serializer.collect_map(all.filter_map(|(field, value)| Some((field, value.as_ref()?))))
    }
}

/// Those of `fields` that `object` has. Only objects with named fields have any.
pub(crate) fn pick<'a, T: Serialize>(object: &T, fields: &'a [&'a str]) -> Picked<'a> {
    let picked = object.serialize(Picker { fields });
    debug_assert!(picked.is_ok(), "objects on the wire have named fields");
    picked.unwrap_or_else(|_| Picked::nothing_of(fields))
}

/// Begins with the object itself.
struct Picker<'a> {
    fields: &'a [&'a str],
}

/// Goes through its fields.
struct Picking<'a> {
    /// Name of the field that comes next, where it is one of a map.
    name: Option<String>,
    picked: Picked<'a>,
}

impl<'a> SerializeStruct for Picking<'a> {
    type Ok = Picked<'a>;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        if let Some(place) = self.picked.place(name) {
            *place = Some(serde_json::to_value(value)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, Error> {
        Ok(self.picked)
    }
}

/// Objects that hold the fields of another among their own are maps.
impl<'a> SerializeMap for Picking<'a> {
    type Ok = Picked<'a>;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.name = match serde_json::to_value(name)? {
            Value::String(name) => Some(name),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let Some(place) = self.name.take().and_then(|name| self.picked.place(&name)) {
            *place = Some(serde_json::to_value(value)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, Error> {
        Ok(self.picked)
    }
}

impl<'a> Picking<'a> {
    fn new(fields: &'a [&'a str]) -> Self {
        Self {
            name: None,
            picked: Picked::nothing_of(fields),
        }
    }
}

/// What is no object with named fields.
fn no_fields<T>(what: impl Display) -> Result<T, Error> {
    Err(Error::custom(format!("{what} has no named fields")))
}

macro_rules! plain {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Self::Ok, Error> {
            no_fields(value)
        })*
    };
}

impl<'a> Serializer for Picker<'a> {
    type Ok = Picked<'a>;
    type Error = Error;
    type SerializeSeq = Impossible<Self::Ok, Error>;
    type SerializeTuple = Impossible<Self::Ok, Error>;
    type SerializeTupleStruct = Impossible<Self::Ok, Error>;
    type SerializeTupleVariant = Impossible<Self::Ok, Error>;
    type SerializeMap = Picking<'a>;
    type SerializeStruct = Picking<'a>;
    type SerializeStructVariant = Impossible<Self::Ok, Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Picking<'a>, Error> {
        Ok(Picking::new(self.fields))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        inner: &T,
    ) -> Result<Self::Ok, Error> {
        inner.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, inner: &T) -> Result<Self::Ok, Error> {
        inner.serialize(self)
    }

    plain! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Self::Ok, Error> {
        no_fields("a list of bytes")
    }

    fn serialize_none(self) -> Result<Self::Ok, Error> {
        no_fields("nothing")
    }

    fn serialize_unit(self) -> Result<Self::Ok, Error> {
        no_fields("nothing")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Self::Ok, Error> {
        no_fields(name)
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, _: &'static str) -> Result<Self::Ok, Error> {
        no_fields(name)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Self::Ok, Error> {
        no_fields(name)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_fields("a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        no_fields("a list")
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        no_fields(name)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_fields(name)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Ok(Picking::new(self.fields))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_fields(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Object {
        long_name: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        joined: Option<u64>,
        list: Vec<u8>,
    }

    #[test]
    fn the_fields_asked_for_are_what_the_whole_object_shows_of_them() {
        let object = |joined| Object {
            long_name: "x",
            joined,
            list: vec![1, 2],
        };
        for (joined, fields, expected) in [
            (None, &["longName", "joined"][..], json!({"longName": "x"})),
            (Some(5), &["joined"], json!({"joined": 5})),
            (Some(5), &["list", "unknown"], json!({"list": [1, 2]})),
            (Some(5), &[], json!({})),
        ] {
            let object = object(joined);
            assert_eq!(json!(pick(&object, fields)), expected);
            assert_eq!(json!(pick(&Some(&object), fields)), expected);
        }
    }

    #[test]
    fn fields_of_an_object_within_are_its_own() {
        #[derive(Serialize)]
        struct Outer {
            id: u64,
            #[serde(flatten)]
            inner: Object,
        }
        let inner = Object {
            long_name: "x",
            joined: None,
            list: Vec::new(),
        };
        let picked = pick(&Outer { id: 3, inner }, &["id", "longName", "joined"]);
        assert_eq!(json!(picked), json!({"id": 3, "longName": "x"}));
        let values = ["longName", "joined", "list"].map(|field| picked.get(field));
        assert_eq!(values, [Some(&json!("x")), None, None]);
    }

    #[test]
    fn what_has_no_named_fields_is_an_error() {
        let picker = || Picker { fields: &["x"] };
        let errors = [
            5.serialize(picker()).err(),
            "x".serialize(picker()).err(),
            [1, 2].serialize(picker()).err(),
        ];
        let told = errors.map(|error| error.map(|error| error.to_string()));
        let told: Vec<_> = told.iter().flatten().map(String::as_str).collect();
        assert_eq!(
            told,
            [
                "5 has no named fields",
                "x has no named fields",
                "a list has no named fields"
            ]
        );
    }
}
