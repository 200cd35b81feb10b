//! Finds floats that are no numbers in what is to be serialized.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

/// A serializer that writes nothing, and fails where `serde_json` would write `null` for a NaN or an infinity.
pub(super) struct Finite;

type Done = Result<(), Error>;

fn check(value: f64) -> Done {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Error::custom(format_args!("{value} is no number that JSON has")))
    }
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_bool(self, _: bool) -> Done {
        Ok(())
    }

    fn serialize_i8(self, _: i8) -> Done {
        Ok(())
    }

    fn serialize_i16(self, _: i16) -> Done {
        Ok(())
    }

    fn serialize_i32(self, _: i32) -> Done {
        Ok(())
    }

    fn serialize_i64(self, _: i64) -> Done {
        Ok(())
    }

    fn serialize_i128(self, _: i128) -> Done {
        Ok(())
    }

    fn serialize_u8(self, _: u8) -> Done {
        Ok(())
    }

    fn serialize_u16(self, _: u16) -> Done {
        Ok(())
    }

    fn serialize_u32(self, _: u32) -> Done {
        Ok(())
    }

    fn serialize_u64(self, _: u64) -> Done {
        Ok(())
    }

    fn serialize_u128(self, _: u128) -> Done {
        Ok(())
    }

    fn serialize_char(self, _: char) -> Done {
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Done {
        check(value.into())
    }

    fn serialize_f64(self, value: f64) -> Done {
        check(value)
    }

    fn serialize_str(self, _: &str) -> Done {
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Done {
        Ok(())
    }

    fn serialize_none(self) -> Done {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
}

impl SerializeSeq for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeTuple for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeTupleStruct for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeTupleVariant for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

/// Keys of floats are refused by `serde_json` itself.
impl SerializeMap for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Done {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeStruct for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeStructVariant for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Done {
        value.serialize(Self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}
